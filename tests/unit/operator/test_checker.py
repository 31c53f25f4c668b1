"""The checker: what it makes of its process's answers, and of its silence and its death."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from quantum_operator.checker import COMMAND, Checker
from quantum_operator.reconcile import Needs, Refusal
from quantum_tasks.errors import Code
from quantum_tasks.states import Reason
from quantum_tasks.task import Failure, Method, Options
from support.processes import alive
from support.programs import BELL, NOT_A_PROGRAM
from support.stores import run

MIB = 2**20

FAKE = """
import json, os, sys
for line in sys.stdin:
    program = json.loads(line)["qasm"]
    if program == "die":
        os._exit(3)
    if program == "hang":
        sys.stdin.read()
    if program == "die later":
        print(json.dumps({"qubits": 1, "method": "stabilizer", "container_bytes": 9}), flush=True)
        os._exit(3)
    if program == "pid":
        print(json.dumps({"qubits": os.getpid(), "method": "stabilizer", "container_bytes": 9}), flush=True)
    elif program == "shout":
        print("x" * 1_000_000, flush=True)
    else:
        print(program, flush=True)
"""
"""Answers what it is asked, or does what it is told."""


@asynccontextmanager
async def fake(seconds: float = 10) -> AsyncIterator[Checker]:
    """A checker whose process answers with the program itself."""
    checker = Checker(seconds=seconds, command=(sys.executable, "-c", FAKE))
    try:
        yield checker
    finally:
        await checker.stop()


async def pid_of(checker: Checker) -> int:
    """The id of the checker's process."""
    found = await checker.check("pid", Options(), 2**33)
    assert isinstance(found, Needs)
    assert found.qubits is not None
    return found.qubits


def test_one_process_answers_for_many_programs() -> None:
    """The process is kept from one program to the next, also when they are asked about at the same time."""

    async def scenario() -> None:
        async with fake() as checker:
            pids = await asyncio.gather(*(pid_of(checker) for _ in range(5)))
            assert len(set(pids)) == 1

    run(scenario())


def test_answers_go_to_those_who_asked() -> None:
    """Programs that are asked about at the same time get their own answers."""

    async def scenario() -> None:
        async with fake() as checker:
            answers = [f'{{"qubits":{number},"method":"stabilizer","container_bytes":9}}' for number in range(20)]
            found = await asyncio.gather(*(checker.check(answer, Options(), 2**33) for answer in answers))
            assert found == [Needs(number, Method.STABILIZER, 9) for number in range(20)]

    run(scenario())


GARBAGE = {
    "death": "die",
    "words": "hello",
    "cut-off": '{"qubits": 2,',
    "fewer-fields": '{"qubits": 2}',
    "unknown-method": '{"qubits": 2, "method": "guess", "container_bytes": 9}',
    "unknown-code": '{"code": "x", "message": "no", "line": 1, "column": 1, "reason": "InvalidProgram"}',
    "refusal-without-place": '{"code": "syntax.invalid", "message": "no"}',
    "more-than-fits": "shout",
    "empty": "",
    "list": "[]",
    "number": "17",
    "null": "null",
    "nested-deeply": "[" * 20_000,
}


@pytest.mark.parametrize("program", GARBAGE.values(), ids=GARBAGE.keys())
def test_a_process_that_goes_wrong_is_replaced(program: str) -> None:
    """Death and garbage cost one program its check; it is run unchecked, and another process checks the next one."""

    async def scenario() -> None:
        async with fake() as checker:
            before = await pid_of(checker)
            assert await checker.check(program, Options(), 2**33) == Needs()
            assert await pid_of(checker) != before
            assert alive([before]) == []

    run(scenario())


def test_a_process_that_is_slow_is_replaced() -> None:
    """A check that takes too long ends with its process, and the next program does not get its late answer."""

    async def scenario() -> None:
        async with fake() as checker:
            before = await pid_of(checker)
            checker._seconds = 0.2  # noqa: SLF001 - so that only this one check is short of time
            assert await checker.check("hang", Options(), 2**33) == Needs()
            checker._seconds = 10  # noqa: SLF001
            assert await pid_of(checker) != before
            assert alive([before]) == []

    run(scenario())


def test_a_process_that_died_between_two_programs_costs_nothing() -> None:
    """A process that is found dead is replaced before it is asked."""

    async def scenario() -> None:
        async with fake() as checker:
            assert await checker.check("die later", Options(), 2**33) == Needs(1, Method.STABILIZER, 9)
            process = checker._process  # noqa: SLF001 - to know that it is dead
            assert process is not None
            await asyncio.wait_for(process.wait(), 5)
            assert await pid_of(checker) > 0

    run(scenario())


def test_a_command_that_cannot_be_started_is_no_obstacle() -> None:
    """Without its process the operator runs programs unchecked."""

    async def scenario() -> None:
        checker = Checker(seconds=5, command=("/nowhere/python",))
        assert await checker.check(BELL, Options(), 2**33) == Needs()
        await checker.stop()

    run(scenario())


def test_a_cancelled_check_leaves_no_process_behind() -> None:
    """Whoever stops waiting for a check ends the process that was at it."""

    async def scenario() -> None:
        async with fake() as checker:
            pid = await pid_of(checker)
            check = asyncio.create_task(checker.check("hang", Options(), 2**33))
            for _ in range(5):
                await asyncio.sleep(0)
            check.cancel()
            with pytest.raises(asyncio.CancelledError):
                await check
            assert alive([pid]) == []

    run(scenario())


def test_stopping_ends_the_process() -> None:
    """After `stop` no process is left, and stopping again is fine."""

    async def scenario() -> None:
        async with fake() as checker:
            pid = await pid_of(checker)
            await checker.stop()
            assert alive([pid]) == []
            await checker.stop()

    run(scenario())


def test_real_programs_are_checked() -> None:
    """The runner's own check tells the needs of a good program and the code and place of a bad one."""

    async def scenario() -> None:
        checker = Checker(seconds=50, command=COMMAND)
        try:
            assert await checker.check(BELL, Options(), 2**33) == Needs(2, Method.STATEVECTOR, 256 * MIB)
            refused = await checker.check(NOT_A_PROGRAM, Options(), 2**33)
            assert isinstance(refused, Refusal)
            assert (refused.reason, refused.final) == (Reason.INVALID_PROGRAM, True)
            assert isinstance(refused.failure, Failure)
            assert (refused.failure.code, refused.failure.line) == (Code.SYNTAX, 3)
        finally:
            await checker.stop()

    run(scenario())
