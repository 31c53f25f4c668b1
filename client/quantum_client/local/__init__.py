"""The whole stack on this machine, without containers: Redis, the API and workers as child processes."""
