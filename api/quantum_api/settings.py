"""What the API is told by its environment."""

from typing import Annotated, Literal

from pydantic import Field
from quantum_tasks.resource import ExecutionMode
from quantum_tasks.settings import Settings


class ApiSettings(Settings):
    """The API's settings, from `QT_...`."""

    host: Annotated[str, Field(description="Address to listen on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 picks a free one")] = 8000
    api_processes: Annotated[
        int, Field(ge=1, le=64, description="Processes that answer on `port`; each has its own share of what waits")
    ] = 1
    metrics_port: Annotated[
        int | None,
        Field(ge=0, le=65535, description="Port of the metrics alone; unset: `/metrics` on `port`, 0: not served"),
    ] = None
    max_body_bytes: Annotated[int, Field(ge=1024, description="Largest request body")] = 2 * 1024 * 1024
    max_batch_bytes: Annotated[int, Field(ge=1024, description="Largest body of a batch")] = 16 * 1024 * 1024
    max_wait_seconds: Annotated[int, Field(ge=0, le=600, description="Longest `Prefer: wait`")] = 60
    max_waiting: Annotated[
        int, Field(ge=0, description="Tasks whose ends may be waited for at a time; other requests do not wait")
    ] = 10_000
    max_unfinished: Annotated[int, Field(ge=1, description="Tasks that may be queued or running at a time")] = 100_000
    redis_connections: Annotated[int, Field(ge=2, description="Connections to Redis")] = 32
    redis_timeout_seconds: Annotated[float, Field(gt=0, le=60, description="Longest wait for Redis's answer")] = 5
    backend: Annotated[
        Literal["redis", "kubernetes"], Field(description="What keeps the tasks: Redis, or QuantumTask resources")
    ] = "redis"
    namespace: Annotated[str, Field(min_length=1, description="Kubernetes: where the resources are")] = "default"
    execution_mode: Annotated[ExecutionMode, Field(description="Kubernetes: how tasks are run that come over HTTP")] = (
        ExecutionMode.JOB
    )
    ttl_seconds_after_finished: Annotated[
        int | None, Field(ge=0, description="Kubernetes: how long tasks that come over HTTP are kept; unset: for good")
    ] = None
    cluster_connections: Annotated[int, Field(ge=1, description="Connections to the API server")] = 32
    cluster_timeout_seconds: Annotated[float, Field(gt=0, le=60, description="Longest wait for the API server")] = 10
    keep_alive_seconds: Annotated[
        int, Field(ge=1, description="How long an idle connection is kept; longer than clients keep theirs")
    ] = 75
    shutdown_seconds: Annotated[int, Field(ge=0, description="Longest wait for open requests at the end")] = 10
    access_log: Annotated[bool, Field(description="Log every request")] = False
