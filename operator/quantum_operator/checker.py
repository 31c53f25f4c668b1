"""What a program needs, found out in a process of its own: the operator itself reads no stranger's text.

The process is the runner's `check`, with everything that the runner has against hostile programs. One that takes too
long, or dies, is ended and replaced, and the program is run unchecked: its Pod will say what is wrong with it.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import structlog
from quantum_tasks.errors import Code
from quantum_tasks.states import Reason
from quantum_tasks.task import Failure, Method, Options

from quantum_operator.reconcile import Needs, Refusal

log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-m", "quantum_runner", "check")

_ENVIRONMENT = ("PATH", "PYTHONPATH", "LANG", "LC_ALL", "HOME", "TMPDIR")

_MAX_ANSWER_BYTES = 64 * 1024


class Checker:
    """One process, asked about one program at a time."""

    def __init__(self, *, seconds: float, command: Sequence[str] = COMMAND) -> None:
        self._seconds = seconds
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()

    async def check(self, qasm: str, options: Options, memory_bytes: int) -> Needs | Refusal:
        """What a program needs, or why it cannot be run in a container of up to `memory_bytes`."""
        asked = {
            "qasm": qasm,
            "shots": options.shots,
            "method": options.method,
            "frontend": options.frontend,
            "inputs": dict(options.inputs),
            "memory_bytes": memory_bytes,
        }
        async with self._turn:
            try:
                async with asyncio.timeout(self._seconds):
                    return _read(await self._ask(json.dumps(asked)))
            except Exception as error:  # noqa: BLE001 - whatever the process did or said
                log.warning("a program could not be checked; its Pod will say more", because=repr(error)[:200])
                await self.stop()
                return Needs()
            except asyncio.CancelledError:
                await self.stop()
                raise

    async def stop(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _ask(self, line: str) -> Any:  # noqa: ANN401 - JSON
        process = self._process
        if process is None or process.returncode is not None:
            process = self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                # it reads what strangers wrote: it is told nothing that they must not learn
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                limit=_MAX_ANSWER_BYTES,
            )
        assert process.stdin is not None  # noqa: S101 - asked for above
        assert process.stdout is not None  # noqa: S101 - asked for above
        process.stdin.write(line.encode() + b"\n")
        await process.stdin.drain()
        answer = await process.stdout.readline()
        if not answer:
            raise OSError("the process ended")
        return json.loads(answer)


def _read(answer: dict[str, Any]) -> Needs | Refusal:
    if "code" in answer:
        failure = Failure(Code(answer["code"]), answer["message"], answer["line"], answer["column"])
        return Refusal(Reason(answer["reason"]), failure)
    return Needs(answer["qubits"], Method(answer["method"]), answer["container_bytes"])
