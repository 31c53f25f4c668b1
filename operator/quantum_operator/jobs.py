"""The Jobs that the operator makes: one of a task's own, and those of the pool. Pure: from values to manifests."""

from collections.abc import Mapping
from typing import Any

from kubernetes.utils.quantity import parse_quantity
from quantum_tasks.cluster import Object
from quantum_tasks.resource import API_VERSION, KIND, Metadata, QuantumTask, Spec, store_id

from quantum_operator.pod_template import PodTemplate
from quantum_operator.reconcile import EXIT_REFUSED, Needs
from quantum_operator.settings import OperatorSettings
from quantum_operator.views import MANAGED_BY, POOL_LABEL, PRIORITY_LABEL, QUEUE_LABEL, RUNNER, TASK_LABEL

_SMALL_BYTES = 320 * 2**20
"""Containers up to this size are small: they start fast and compute little."""

_NAME_LENGTH = 40
"""Characters of the task's name in its Job's: with the uid's and the Pod's own suffix that makes 63."""


def job_name(task: QuantumTask) -> str:
    """The name of a task's Job: a function of the task's uid, so that there is never a second one."""
    return f"{task.metadata.name[:_NAME_LENGTH].rstrip('-')}-{task.metadata.uid.replace('-', '')[:12]}"


def job(task: QuantumTask, needs: Needs, settings: OperatorSettings) -> Object:
    """The Job of a task."""
    meta, spec = task.metadata, task.spec
    labels = {**_labels("runner"), TASK_LABEL: meta.uid}
    kueues = _for_kueue(task, settings)
    owner = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": meta.name,
        "uid": meta.uid,
        "controller": True,
        # no finalizer of the task's is to wait for the Job: it goes with the task, in the background
        "blockOwnerDeletion": False,
    }
    env: list[Object] = [
        {"name": "QT_TASK_ID", "value": store_id(meta.namespace, meta.name)},
        {"name": "QT_TASK_UID", "value": meta.uid},
        {"name": "QT_POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
        {"name": "QT_TERMINATION_LOG", "value": "/dev/termination-log"},
        *_common_env(settings),
    ]
    limit = spec.backoff_limit if spec.backoff_limit is not None else settings.backoff_limit
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(task),
            "namespace": meta.namespace,
            "labels": {**labels, **kueues},
            "ownerReferences": [owner],
        },
        "spec": {
            # Kueue lets a Job go on that was made suspended
            **({"suspend": True} if QUEUE_LABEL in kueues else {}),
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": limit,
            "activeDeadlineSeconds": spec.active_deadline_seconds or settings.active_deadline_seconds,
            "ttlSecondsAfterFinished": settings.job_ttl_seconds,
            # never two Pods of one task side by side
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                "rules": [
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": RUNNER, "operator": "In", "values": [EXIT_REFUSED]},
                    },
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                ]
            },
            "template": _with(
                settings.runner_pod_template,
                {
                    "metadata": {"labels": labels},
                    "spec": _pod(["job"], env, _resources(task, needs, settings), settings),
                },
            ),
        },
    }


def pool_job(name: str, namespace: str, settings: OperatorSettings) -> Object:
    """A Job of the pool: a worker that ends by itself when there is nothing to do."""
    labels = {**_labels("pool"), POOL_LABEL: "default"}
    env: list[Object] = [
        {"name": "QT_CONCURRENCY", "value": str(settings.pool_concurrency)},
        {"name": "QT_IDLE_SECONDS", "value": str(settings.pool_idle_seconds)},
        {"name": "QT_MAX_ATTEMPTS", "value": str(settings.backoff_limit + 1)},
        {"name": "QT_SWEEP", "value": "false"},
        {"name": "QT_TASK_DEADLINE_SECONDS", "value": str(settings.pool_task_deadline_seconds)},
        *_common_env(settings),
    ]
    memory = f"{settings.pool_memory_mb}Mi"
    resources = {"requests": {"cpu": settings.pool_cpu, "memory": memory}, "limits": {"memory": memory}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "backoffLimit": 0,  # what comes after a lost worker, the depth of the queue says
            "ttlSecondsAfterFinished": settings.job_ttl_seconds,
            "template": _with(
                settings.pool_pod_template or settings.runner_pod_template,
                {
                    "metadata": {"labels": labels},
                    "spec": {**_pod(["worker"], env, resources, settings), "terminationGracePeriodSeconds": 20},
                },
            ),
        },
    }


def samples(settings: OperatorSettings) -> list[Object]:
    """A Job of each sort, of nobody's, to try the settings by."""
    namespace = settings.namespace_of_the_pool
    nobody = Metadata(name="sample", namespace=namespace, uid="00000000-0000-0000-0000-000000000000")
    of_a_task = job(QuantumTask(metadata=nobody, spec=Spec()), Needs(), settings)
    of_the_pool = pool_job("quantum-tasks-pool-sample", namespace, settings)
    return [of_a_task, of_the_pool] if settings.pool_max_jobs else [of_a_task]


def queue_of(task: QuantumTask, settings: OperatorSettings) -> str | None:
    """Kueue's queue for the Job of a task: the one that the task names, or else the operator's."""
    return task.metadata.labels.get(QUEUE_LABEL) or settings.queue_name


def _for_kueue(task: QuantumTask, settings: OperatorSettings) -> dict[str, str]:
    queue, priority = queue_of(task, settings), task.metadata.labels.get(PRIORITY_LABEL)
    labels = {QUEUE_LABEL: queue, PRIORITY_LABEL: priority}
    return {name: value for name, value in labels.items() if value}


def _with(template: PodTemplate | None, pod: Object) -> Object:
    return pod if template is None else template.over(pod)


def _pod(arguments: list[str], env: list[Object], resources: Mapping[str, Any], settings: OperatorSettings) -> Object:
    """A Pod that runs programs by strangers: it may nothing, and passes Pod Security `restricted`."""
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 5,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": RUNNER,
                "image": settings.runner_image,
                "imagePullPolicy": settings.runner_pull_policy,
                "args": arguments,
                "env": env,
                "resources": dict(resources),
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the container's own
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}],
    }


def _common_env(settings: OperatorSettings) -> list[Object]:
    if settings.runner_redis_secret is not None:
        reference = {"secretKeyRef": {"name": settings.runner_redis_secret, "key": "url"}}
        redis: Object = {"name": "QT_REDIS_URL", "valueFrom": reference}
    else:
        url = (settings.runner_redis_url or settings.redis_url).get_secret_value()
        redis = {"name": "QT_REDIS_URL", "value": url}
    return [
        redis,
        {"name": "QT_KEY_PREFIX", "value": settings.key_prefix},
        {"name": "QT_LOG_FORMAT", "value": "json"},
        {"name": "QT_LOG_LEVEL", "value": settings.runner_log_level},
    ]


def largest_container(task: QuantumTask, settings: OperatorSettings) -> int:
    """The memory that the task's container may have at the most, in bytes: what it asks for, or else the bound."""
    asked = task.spec.resources
    memory = {**((asked.requests if asked else None) or {}), **((asked.limits if asked else None) or {})}.get("memory")
    return settings.max_memory_mb * 2**20 if memory is None else int(parse_quantity(memory))


def _resources(task: QuantumTask, needs: Needs, settings: OperatorSettings) -> dict[str, dict[str, int | str]]:
    size = needs.container_bytes or settings.max_memory_mb * 2**20
    memory = f"{-(-size // 2**20)}Mi"
    cpu = settings.small_cpu if size <= _SMALL_BYTES else settings.large_cpu
    asked = task.spec.resources
    asked_requests, asked_limits = (asked.requests or {}, asked.limits or {}) if asked else ({}, {})
    # what is asked for on one side moves the other along: a request above its limit would be refused
    limits = {"memory": asked_requests.get("memory", memory), **asked_limits}
    requests = {"cpu": cpu, "memory": memory, **asked_limits, **asked_requests}
    return {"requests": requests, "limits": limits}


def _labels(component: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": "quantum-tasks",
        "app.kubernetes.io/component": component,
        MANAGED_BY[0]: MANAGED_BY[1],
    }
