"""What the API and the worker of the usual design agree on."""

QUEUE = "queue"
PENDING = '{"status": "pending", "message": "Task is still in progress."}'


def task(task_id: str) -> str:
    """Where a task's answer is."""
    return f"task:{task_id}"
