"""`python -m quantum_runner check`, asked over pipes as the operator asks it."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from quantum_tasks.task import MAX_PROGRAM_BYTES
from support.programs import BELL, ENDLESS, NOT_A_PROGRAM

MIB, GIB = 2**20, 2**30


def dense(width: int) -> str:
    """A circuit whose qubits are all entangled by gates that no simpler method takes."""
    lines = ["OPENQASM 3.0;", 'include "stdgates.inc";', f"qubit[{width}] q;", f"bit[{width}] c;", "h q;", "t q;"]
    for step in (1, 3, 7, 11, 13):
        lines += [f"cx q[{number}], q[{(number + step) % width}];" for number in range(width)]
        lines += ["t q;", "h q;"]
    return "\n".join([*lines, "c = measure q;"])


class Check:
    """The process, asked one line at a time."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self.process = running
        self._read = b""

    def ask(self, qasm: str, seconds: float = 50, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """The answer for a program."""
        self.send(qasm, **more)
        return self.answer(seconds)

    def send(self, qasm: str, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Ask, without waiting for the answer."""
        assert self.process.stdin is not None
        options = {"shots": 1024, "method": "automatic", "frontend": "automatic", "inputs": {}}
        asked = {"qasm": qasm, **options, "memory_bytes": 8 * GIB, **more}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()

    def answer(self, seconds: float = 50) -> dict[str, Any]:
        """The next answer."""
        assert self.process.stdout is not None
        pipe, end = self.process.stdout.fileno(), time.monotonic() + seconds
        # what Python had read ahead, `select` would not see
        while b"\n" not in self._read:
            ready, _, _ = select.select([pipe], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no answer within {seconds:g} s"
            piece = os.read(pipe, 65536)
            assert piece, "it has ended"
            self._read += piece
        line, _, self._read = self._read.partition(b"\n")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


@contextmanager
def checking() -> Iterator[Check]:
    """A check that is gone afterwards."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    running = subprocess.Popen(
        [sys.executable, "-m", "quantum_runner", "check"],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with running:
        try:
            yield Check(running)
        finally:
            running.kill()


@pytest.fixture(scope="module")
def check() -> Iterator[Check]:
    """One process for all programs that do no harm to it."""
    with checking() as found:
        yield found


def test_a_good_programs_needs_are_told(check: Check) -> None:
    """Qubits, the method that will run, and a small container."""
    assert check.ask(BELL) == {"qubits": 2, "method": "statevector", "container_bytes": 256 * MIB}


def test_one_process_answers_line_by_line(check: Check) -> None:
    """Each line has its answer, in order, also after refusals and when several are asked before the first answer."""
    for program in (BELL, NOT_A_PROGRAM, BELL):
        check.send(program)
    answers = [check.answer() for _ in range(3)]
    assert [answer.get("qubits") for answer in answers] == [2, None, 2]


def test_a_broken_program_is_refused_with_its_place(check: Check) -> None:
    """Code, reason, message, line and column are those that a run would give."""
    answer = check.ask(NOT_A_PROGRAM)
    assert (answer["code"], answer["reason"], answer["line"]) == ("syntax.invalid", "InvalidProgram", 3)
    assert answer["column"] >= 1
    assert answer["message"]


@pytest.mark.parametrize(
    ("program", "code", "reason"),
    [
        pytest.param("qubit q;\nh q;", "sem.undefined", "InvalidProgram", id="undefined-gate"),
        pytest.param("qubit q;", "sem.no_measurement", "InvalidProgram", id="no-measurement"),
        pytest.param('include "/etc/passwd";', "include.unknown", "InvalidProgram", id="include"),
        pytest.param("", "sem.no_measurement", "InvalidProgram", id="empty"),
        pytest.param("\ud800", "syntax.encoding", "InvalidProgram", id="half-a-character"),
        pytest.param("(" * 100_000, "limit.nesting", "InvalidProgram", id="nested-deeply"),
        pytest.param("x" * (MAX_PROGRAM_BYTES + 1), "limit.bytes", "TooLarge", id="too-many-bytes"),
    ],
)
def test_every_program_has_an_answer(check: Check, program: str, code: str, reason: str) -> None:
    """Whatever a stranger writes, the answer is a refusal with its code, and the process goes on."""
    answer = check.ask(program)
    assert (answer["code"], answer["reason"]) == (code, reason)
    assert check.ask(BELL)["qubits"] == 2


def test_a_program_that_needs_too_much_is_refused_with_the_figure(check: Check) -> None:
    """40 entangled qubits are refused before anything is asked for, and the message has the memory that they need."""
    answer = check.ask(dense(40))
    assert (answer["code"], answer["reason"]) == ("limit.memory", "TooLarge")
    assert "17592186044416 bytes" in answer["message"]
    assert "40 qubits" in answer["message"]


def test_a_container_has_room_for_the_state(check: Check) -> None:
    """The container grows with the state: 28 dense qubits need 4 GiB, and more around it."""
    answer = check.ask(dense(28))
    assert answer["method"] == "statevector"
    assert 4 * GIB < answer["container_bytes"] <= 8 * GIB
    assert answer["container_bytes"] % MIB == 0


def test_the_largest_container_is_the_bound(check: Check) -> None:
    """What would need a larger container than there may be is refused, and what fits is not."""
    needed = check.ask(dense(28))["container_bytes"]
    assert check.ask(dense(28), memory_bytes=needed)["container_bytes"] == needed
    assert check.ask(dense(28), memory_bytes=needed // 2)["code"] == "limit.memory"


def test_an_endless_program_is_not_run(check: Check) -> None:
    """What never ends is checked as fast as anything else."""
    assert check.ask(ENDLESS, seconds=10)["qubits"] == 1


def test_inputs_and_the_front_end_are_looked_at(check: Check) -> None:
    """As the run would: a value that fits, one that is missing, and Qiskit's importer alone."""
    program = "OPENQASM 3.0; input int n; qubit[2] q; bit[2] c; for int i in [1:n] { reset q; } c = measure q;"
    assert check.ask(program, inputs={"n": "2"})["qubits"] == 2
    assert check.ask(program)["code"] == "input.missing"
    assert check.ask(program, inputs={"n": "2"}, frontend="qiskit")["code"] == "sem.unsupported"


@pytest.mark.parametrize("method", ["stabilizer", "density_matrix", "matrix_product_state"])
def test_a_method_that_was_asked_for_is_told(check: Check, method: str) -> None:
    """The needs are those of the method that the task names."""
    assert check.ask(BELL, method=method)["method"] == method


def test_many_shots_on_many_bits_are_refused(check: Check) -> None:
    """Counts that could not be kept are refused before the run."""
    program = 'include "stdgates.inc";\nqubit[500] q;\nbit[500] c;\nh q;\nc = measure q;'
    answer = check.ask(program, shots=1_000_000, memory_bytes=256 * MIB)
    assert (answer["code"], answer["reason"]) == ("limit.result", "TooLarge")


def test_the_process_ends_with_its_input() -> None:
    """At the end of the input the process ends by itself and well, having answered what it was asked."""
    with checking() as one:
        one.send(BELL)
        assert one.process.stdin is not None
        one.process.stdin.close()
        assert one.answer()["qubits"] == 2
        assert one.process.wait(timeout=20) == 0
