"""HTTP in front of the task store."""
