"""The compose stack, from images built here, on a real engine."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support.client import Client
from support.compose import ROOT, ComposeStack, docker
from support.engine import engine
from support.programs import BELL
from support.waiting import eventually

pytestmark = pytest.mark.compose

SERVICES = ("redis", "api_server", "worker")
IMAGES = ("quantum-tasks-api", "quantum-tasks-runner")


@pytest.fixture(scope="module")
def python_image() -> Iterator[str]:
    """An engine, and the Python image to build with on it."""
    with engine() as image:
        yield image


@pytest.fixture(scope="module")
def stack(python_image: str) -> Iterator[ComposeStack]:
    """A running stack, shared by the tests of this module, each of which leaves it healthy."""
    with ComposeStack(python_image) as stack:
        yield stack


@pytest.fixture
def compose_client(stack: ComposeStack) -> Iterator[Client]:
    """A client of the stack's API."""
    with Client(stack.base_url) as client:
        yield client


def test_the_contract_holds_on_compose(stack: ComposeStack) -> None:
    """The black-box suite, given only the base URL, passes on the compose stack."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/e2e/test_contract.py"]
    done = subprocess.run(
        command, env=_environment(stack), cwd=ROOT, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stdout[-5000:]


def test_only_the_api_is_published_and_only_on_this_machine(stack: ComposeStack) -> None:
    """Of all ports of all services one is published, the API's, on the loopback address."""
    published = {}
    for service in SERVICES:
        [container] = stack.inspect(service)
        bindings = [bound for bound in container["NetworkSettings"]["Ports"].values() if bound]
        published[service] = [binding["HostIp"] for bound in bindings for binding in bound]
    assert published == {"redis": [], "api_server": ["127.0.0.1"], "worker": []}


@pytest.mark.parametrize("service", SERVICES)
def test_containers_have_no_privileges(stack: ComposeStack, service: str) -> None:
    """Each container runs as a user other than root, without capabilities, on a root that cannot be written to."""
    [container] = stack.inspect(service)
    host = container["HostConfig"]
    assert container["Config"]["User"].split(":")[0] not in ("", "0", "root")
    assert host["CapDrop"] == ["ALL"]
    assert host["ReadonlyRootfs"] is True
    assert any("no-new-privileges" in option for option in host["SecurityOpt"])
    assert stack.execute(service, "sh", "-c", "echo x > /written").returncode != 0
    status = stack.execute(
        service, "sh", "-c", "while read l; do case $l in CapEff*) echo $l;; esac; done </proc/self/status"
    )
    assert status.stdout.split() == ["CapEff:", "0" * 16]


def test_workers_and_redis_reach_nothing_outside(stack: ComposeStack) -> None:
    """The network of worker and Redis leads nowhere but to the other services."""
    networks = json.loads(docker("network", "inspect", *stack.inspect("worker")[0]["NetworkSettings"]["Networks"]))
    assert [network["Internal"] for network in networks] == [True]


@pytest.mark.parametrize("image", IMAGES)
def test_images_hold_no_tools_and_say_what_they_are(stack: ComposeStack, image: str) -> None:
    """An image has no pip and no compiler, runs as a numbered user, and carries the standard labels."""
    assert stack.base_url
    configuration = json.loads(docker("image", "inspect", image))[0]["Config"]
    assert configuration["User"] == "10001:10001"
    assert configuration["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert not [name for name in configuration["Env"] if "PASSWORD" in name or "TOKEN" in name]
    names = "for tool in pip pip3 gcc cc make git; do command -v $tool; done"
    tools = f"{names}; python -c 'import pip' 2>/dev/null && echo pip"
    found = docker("run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c", f"{tools}; true")
    assert found == ""


def test_the_apis_image_has_no_simulator(stack: ComposeStack) -> None:
    """Qiskit cannot be imported where HTTP is served."""
    assert stack.execute("api_server", "python", "-c", "import fastapi").returncode == 0
    assert stack.execute("api_server", "python", "-c", "import qiskit").returncode != 0


def test_a_worker_that_dies_is_started_again(stack: ComposeStack, compose_client: Client) -> None:
    """After every process of the worker was killed, its container starts again and the next task completes."""
    before = stack.inspect("worker")[0]["RestartCount"]
    stack.kill("worker")
    eventually(lambda: stack.inspect("worker")[0]["RestartCount"] > before, 60, "a restart of the worker")
    assert set(compose_client.run(BELL)) == {"00", "11"}
    stack.until_healthy("worker")


def test_what_was_accepted_outlives_redis(stack: ComposeStack, compose_client: Client) -> None:
    """A task accepted right before Redis is killed is there after its restart, and completes."""
    task_id = compose_client.submit(BELL)
    stack.kill("redis")
    eventually(lambda: _redis_answers(stack), 60, "Redis after its restart")
    stack.until_healthy("api_server")
    assert sum(compose_client.counts(task_id).values()) == 1024


def test_four_workers_share_the_work(stack: ComposeStack, compose_client: Client) -> None:
    """Scaled to four workers, the stack runs tasks on more than one of them."""
    stack.up("--no-recreate", "--scale", "worker=4")
    stack.until_healthy("worker", 4)
    for task_id in [compose_client.submit(BELL) for _ in range(100)]:
        compose_client.counts(task_id)
    busy = {line.split("|")[0].strip() for line in stack.logs("worker").splitlines() if "tasks ended" in line}
    assert len(busy) > 1
    stack.up("--no-recreate", "--scale", "worker=1")


def test_results_outlive_the_containers(stack: ComposeStack, compose_client: Client) -> None:
    """Taken down and up again, the stack still has its results."""
    task_id = compose_client.submit(BELL)
    counts = compose_client.counts(task_id)
    stack.down(volumes=False)
    stack.up()
    assert compose_client.counts(task_id) == counts


def test_a_simulation_that_runs_out_of_memory_fails_alone(stack: ComposeStack, python_image: str) -> None:
    """A task whose simulation the kernel kills for memory, three times, fails saying so, and the next one runs."""
    assert stack.base_url  # its images are used; this worker is told that it has more memory than its container
    program = 'include "stdgates.inc"; qubit[27] q; bit[27] c; h q; t q; h q; c = measure q;'
    with (
        ComposeStack(python_image, QT_WORKER_MEMORY="700m", QT_MEMORY_MB="9000", QT_CONCURRENCY="1") as small,
        Client(small.base_url) as client,
    ):
        task_id = client.submit(program, method="statevector", shots=1)
        body = client.wait(task_id, 240)
        resource = client.resource(task_id)
        assert (resource["phase"], resource["reason"], resource["attempts"]) == ("Failed", "BackoffLimitExceeded", 3)
        assert "3 attempts" in body["message"]
        assert "memory ran out" in body["message"]
        assert set(client.run(BELL)) == {"00", "11"}
        assert small.inspect("worker")[0]["RestartCount"] == 0


def test_the_api_stops_in_time(stack: ComposeStack) -> None:
    """Told to stop, the API and the worker end by themselves, and neither has to be killed."""
    stack.compose("stop", "--timeout", "30", "api_server", "worker")
    codes = {service: stack.inspect(service)[0]["State"]["ExitCode"] for service in ("api_server", "worker")}
    stack.up()
    assert 128 + signal.SIGKILL not in codes.values()


def _redis_answers(stack: ComposeStack) -> bool:
    return "PONG" in stack.execute("redis", "redis-cli", "ping").stdout


def _environment(stack: ComposeStack) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("COV_")},
        "QT_BASE_URL": stack.base_url,
    }
