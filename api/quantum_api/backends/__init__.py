"""Where tasks live: the seam between HTTP and what keeps the tasks."""
