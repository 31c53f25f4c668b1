"""What the runner is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from quantum_tasks.settings import Settings


class RunnerSettings(Settings):
    """The worker's settings, from `QT_...`."""

    concurrency: Annotated[
        int | None, Field(ge=1, le=256, description="Simulations at a time; unset: one per processor")
    ] = None
    memory_mb: Annotated[
        int | None, Field(ge=1, description="Memory of all simulations together; unset: most of what the container has")
    ] = None
    task_deadline_seconds: Annotated[float, Field(gt=0, description="Longest run of one attempt")] = 300
    max_attempts: Annotated[int, Field(ge=1, le=101, description="Attempts before a task fails")] = 3
    lease_seconds: Annotated[
        float, Field(ge=1, description="After how long a silent worker's tasks are taken over")
    ] = 10
    retention_seconds: Annotated[float, Field(ge=0, description="How long ended tasks are kept")] = 7 * 24 * 3600
    sweep: Annotated[
        bool,
        Field(description="Forget tasks that ended long ago; off where an operator does"),
    ] = True
    idle_seconds: Annotated[
        float | None, Field(gt=0, description="After how long without a task the worker ends; unset: never")
    ] = None
    tasks_per_child: Annotated[int, Field(ge=1, description="Simulations before a child is replaced")] = 10_000
    shutdown_seconds: Annotated[float, Field(ge=0, description="How long running tasks may go on at the end")] = 10
    redis_timeout_seconds: Annotated[float, Field(gt=0, le=60, description="Longest wait for Redis's answer")] = 5
    patience_seconds: Annotated[
        float, Field(gt=0, description="How long Redis may be away before the worker gives up and is started anew")
    ] = 600
    heartbeat_file: Annotated[
        Path | None, Field(description="Touched while the worker is well; `health` looks at its age")
    ] = None
