"""The whole service on one machine, without containers: Redis, the API and workers as supervised child processes."""
