"""What the operator is told by its environment."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, model_validator
from pydantic_settings import NoDecode
from quantum_tasks.errors import QuantumTasksError
from quantum_tasks.logs import LogLevel
from quantum_tasks.settings import Settings
from redis.asyncio.connection import parse_url

from quantum_operator import pod_template
from quantum_operator.pod_template import PodTemplate

_Template = Annotated[
    PodTemplate | None,
    NoDecode,
    BeforeValidator(lambda told: pod_template.read(told) if isinstance(told, str) else told),
]
"""Told as a file's path; the file is read once, with the settings."""

_LabelValue = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")]


_SECRETS = {"username", "password", "ssl_password"}
"""What makes a URL one that belongs into a Secret."""


class UnusableSettingsError(QuantumTasksError):
    """The API server takes no Job that is made by these settings."""


class OperatorSettings(Settings):
    """The operator's settings, from `QT_...`."""

    namespace: Annotated[
        str | None, Field(description="The one namespace whose tasks are looked after; unset: all namespaces")
    ] = None
    pool_namespace: Annotated[
        str | None, Field(description="Where the pool's Jobs run; unset: `namespace`, or else `default`")
    ] = None
    probe_port: Annotated[int, Field(ge=1, le=65535, description="Port of the liveness probe")] = 8080
    metrics_port: Annotated[int, Field(ge=0, le=65535, description="Port of the metrics; 0: they are not served")] = (
        9090
    )
    concurrency: Annotated[int, Field(ge=1, le=256, description="Tasks that are reconciled at a time")] = 16
    resync_seconds: Annotated[
        float, Field(ge=1, description="How often everything unfinished is looked at, whatever was heard of it")
    ] = 10
    relist_seconds: Annotated[
        float, Field(ge=1, description="How often the API server is asked for every object anew")
    ] = 300
    cluster_timeout_seconds: Annotated[float, Field(gt=0, le=300, description="Longest wait for the API server")] = 30
    redis_timeout_seconds: Annotated[float, Field(gt=0, le=60, description="Longest wait for Redis's answer")] = 5
    redis_connections: Annotated[int, Field(ge=2, description="Connections to Redis")] = 32

    runner_image: Annotated[str, Field(description="Image of the runner's Pods")] = "quantum-tasks-runner"
    runner_pull_policy: Annotated[
        Literal["IfNotPresent", "Always", "Never"], Field(description="When nodes pull it")
    ] = "IfNotPresent"
    runner_redis_url: Annotated[
        SecretStr | None, Field(description="Where runner Pods find Redis, without a password; unset: as `redis_url`")
    ] = None
    runner_redis_secret: Annotated[
        str | None,
        Field(description="Secret with that URL under the key `url`, in the Pods' namespace"),
    ] = None
    runner_pod_template: Annotated[
        _Template, Field(description="File with a fragment of a PodTemplateSpec that is laid over the runner's Pods")
    ] = None
    runner_log_level: Annotated[LogLevel, Field(description="The least severe line that runner Pods write")] = (
        LogLevel.INFO
    )

    active_deadline_seconds: Annotated[
        int, Field(ge=1, description="Longest time from a Job's start to its end, for tasks that say nothing else")
    ] = 3600
    backoff_limit: Annotated[
        int, Field(ge=0, le=100, description="Lost attempts that are repeated, for tasks that say nothing else")
    ] = 2
    job_ttl_seconds: Annotated[int, Field(ge=0, description="How long ended Jobs and their Pods are kept")] = 600
    max_memory_mb: Annotated[
        int, Field(ge=256, description="Largest container that a task may ask for by its size, in MiB")
    ] = 8192
    small_cpu: Annotated[str, Field(description="CPU request of small tasks: containers up to 320 MiB")] = "100m"
    large_cpu: Annotated[str, Field(description="CPU request of the others")] = "1"
    check_seconds: Annotated[
        float, Field(gt=0, description="Longest check of one program; one that takes longer is run unchecked")
    ] = 20

    queue_name: Annotated[
        _LabelValue | None, Field(description="Kueue's queue for the Jobs of tasks that name none themselves")
    ] = None

    pool_max_jobs: Annotated[int, Field(ge=0, le=1000, description="Most Jobs of the pool; 0: there is no pool")] = 2
    pool_concurrency: Annotated[int, Field(ge=1, le=256, description="Simulations at a time in each of them")] = 2
    pool_tasks_per_job: Annotated[
        int, Field(ge=1, description="Waiting tasks for which one Job is enough before another is started")
    ] = 50
    pool_idle_seconds: Annotated[float, Field(ge=1, description="After how long without a task a Job ends")] = 60
    pool_memory_mb: Annotated[int, Field(ge=256, description="Memory of each Job of the pool, in MiB")] = 2048
    pool_cpu: Annotated[str, Field(description="CPU request of each Job of the pool")] = "500m"
    pool_pod_template: Annotated[
        _Template, Field(description="The same as `runner_pod_template` for the pool's Pods; unset: that one")
    ] = None
    pool_task_deadline_seconds: Annotated[
        float, Field(gt=0, description="Longest run of one attempt in the pool, for tasks that say nothing else")
    ] = 300

    @property
    def namespace_of_the_pool(self) -> str:
        """Where the pool's Jobs run."""
        return self.pool_namespace or self.namespace or "default"

    @model_validator(mode="after")
    def _the_pool_is_seen(self) -> "OperatorSettings":
        if self.namespace is not None and self.pool_namespace not in (None, self.namespace):
            raise ValueError("an operator of one namespace has its pool there: leave QT_POOL_NAMESPACE unset")
        return self

    @model_validator(mode="after")
    def _no_password_in_a_pod(self) -> "OperatorSettings":
        url = (self.runner_redis_url or self.redis_url).get_secret_value()
        if self.runner_redis_secret is None and parse_url(url).keys() & _SECRETS:
            raise ValueError("a URL with a password belongs into a Secret: set QT_RUNNER_REDIS_SECRET")
        return self
