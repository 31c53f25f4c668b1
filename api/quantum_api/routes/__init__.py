"""The doors: the two seed routes, the full resource, and health."""
