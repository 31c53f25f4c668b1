"""`quantum-tasks up` and `quantum-tasks demo` as a user runs them."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from quantum_client.demo import BROKEN, GOOD
from support.client import Client
from support.local_stack import LocalStack
from support.processes import alive, kill
from support.programs import BELL
from support.tools import require
from support.waiting import eventually

COMMAND = Path(sys.executable).with_name("quantum-tasks")
SECONDS = 60


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_a_task_survives_every_part(tmp_path: Path) -> None:
    """After API, worker and Redis were killed, each is started again, the old result is there and new tasks run."""
    with LocalStack(tmp_path) as stack, Client(stack.base_url) as client:
        task_id = client.submit(BELL, shots=50)
        counts = client.counts(task_id)
        for role in ("api", "worker", "redis"):
            old = stack.child(role)
            kill(old)
            stack.replaced(role, old)
        eventually(lambda: _is_ready(client), 30, "the API is ready again")
        assert client.counts(task_id) == counts
        assert sum(client.run(BELL, shots=20).values()) == 20


def _is_ready(client: Client) -> bool:
    try:
        return client.http.get("/readyz").is_success
    except httpx.TransportError:
        return False


def test_the_parts_are_ended_in_order(tmp_path: Path) -> None:
    """Ctrl-C ends the API first, then the worker, then Redis, and leaves nothing behind."""
    with LocalStack(tmp_path) as stack:
        stack.terminate(signal.SIGINT)
        output = stack.output()
    ends = [output.rindex(text) for text in ("Finished server process", "worker stopped", "ready to exit")]
    assert ends == sorted(ends)
    assert "starting again" not in output


def test_a_second_ctrl_c_kills_at_once(tmp_path: Path) -> None:
    """While the stop waits for a part that does not react, a second signal ends everything without a further wait."""
    with LocalStack(tmp_path) as stack:
        assert stack.pid
        kill(stack.child("worker"), signal.SIGSTOP)
        kill(stack.pid, signal.SIGINT)
        eventually(lambda: "stopping (SIGINT)" in stack.output(), 10, "the stop has begun")
        stack.terminate(signal.SIGINT)
        assert "did not end in" not in stack.output()


def test_a_start_can_be_interrupted(tmp_path: Path) -> None:
    """Ctrl-C before the stack is ready ends it in order too, and it never says that it is ready."""
    command = [str(COMMAND), "up", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as starting:
        assert starting.stderr
        for line in starting.stderr:
            if "started api" in line:
                break
        starting.send_signal(signal.SIGINT)
        output, log = starting.communicate(timeout=SECONDS)
    assert starting.returncode == 0
    assert output == ""
    assert "ready to exit" in log


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_nothing_outlives_a_stack_that_is_killed(tmp_path: Path) -> None:
    """When `up` is killed, no process of it is left, and its data folder can be used again."""
    with LocalStack(tmp_path) as stack:
        family = [one.pid for one in stack.family()]
        assert stack.pid
        kill(stack.pid)
        eventually(lambda: not alive(family), 10, "every process of the stack is gone")
    with LocalStack(tmp_path):
        pass


def test_a_data_folder_in_use_is_refused(tmp_path: Path) -> None:
    """A second `up` on the same folder ends with 1 and one line that names the folder and its user."""
    with LocalStack(tmp_path) as stack:
        second = _run("up", "--port", "0", "--data", str(tmp_path))
        assert second.stderr == (f"quantum-tasks: {tmp_path} is in use by another quantum-tasks (pid {stack.pid})\n")
    assert second.returncode == 1
    assert second.stdout == ""


def test_a_port_in_use_ends_up_at_once(tmp_path: Path) -> None:
    """`up` on a port that is taken ends with 1 and one line, and starts nothing."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = _run("up", "--port", str(port), "--data", str(tmp_path / "data"))
    assert refused.returncode == 1
    assert refused.stderr == f"quantum-tasks: port {port} is in use; choose another one, or 0 for any that is free\n"
    assert not (tmp_path / "data").exists()


def test_a_part_that_cannot_start_ends_up(tmp_path: Path) -> None:
    """When a part never becomes ready, `up` ends with 1 and the part's last lines, and leaves nothing running."""
    refused = _run("up", "--port", "0", "--data", str(tmp_path), QT_MAX_BODY_BYTES="many", NO_COLOR="1")
    assert refused.returncode == 1
    assert refused.stdout == ""
    error = refused.stderr[refused.stderr.rindex("quantum-tasks: ") :]
    assert "api ended with exit status 1 before it was ready, 3 times" in error
    assert "QT_MAX_BODY_BYTES" in error
    pids = [int(pid) for pid in re.findall(r"started \S+ pid=(\d+)", refused.stderr)]
    assert pids
    assert not alive(pids)


def test_the_demo_runs_without_a_redis_of_the_machines_own() -> None:
    """With no redis-server on PATH the demo brings its own; every program is shown, and nothing is left behind."""
    shown = _run("demo", PATH=str(COMMAND.parent), NO_COLOR="1")
    assert shown.returncode == 0, shown.stderr
    for name in (*GOOD, BROKEN):
        assert name in shown.stdout
    assert "error in line 5, column 1" in shown.stdout
    assert max(map(len, shown.stdout[: shown.stdout.index("Go on:")].splitlines())) <= 80
    assert shown.stdout.splitlines()[-1].startswith("Go on: make up")
    assert "redis" not in shown.stderr.lower().replace("redis, the api and a worker", "")


def test_the_demos_last_line_can_be_pasted(tmp_path: Path) -> None:
    """The line that the demo ends with is a command that gives counts."""
    require("curl")
    with LocalStack(tmp_path) as stack:
        shown = _run("demo", "--url", stack.base_url)
        assert shown.returncode == 0, shown.stderr
        line = shown.stdout.splitlines()[-1].removeprefix("Go on: ")
        answer = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert '"status":"completed"' in answer.stdout


def test_the_demo_fails_where_there_is_no_server() -> None:
    """Without a server the demo ends with 1 and says for each program what failed."""
    shown = _run("demo", "--url", "http://127.0.0.1:1")
    assert shown.returncode == 1
    assert len(re.findall(r"^failed: \S+: no answer from http://127.0.0.1:1", shown.stderr, re.MULTILINE)) == 5


def test_a_demo_that_cannot_start_shows_why() -> None:
    """When a part cannot start, the hidden logs are shown, and the demo ends with 1."""
    shown = _run("demo", QT_CONCURRENCY="none", NO_COLOR="1")
    assert shown.returncode == 1
    assert "worker-1 |" in shown.stderr
    assert "quantum-tasks: worker-1 ended" in shown.stderr
