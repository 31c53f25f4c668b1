"""What a client does for one task, or for one batch of them: from POST to counts that add up.

The ways are values: each knows its request, and checks every answer.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.connection import Answer, Connection, request
from benchmarks.programs import Case

WAIT_SECONDS = 30
POLLS_SECONDS = (0.02, 0.04, 0.08, 0.16, 0.32, 0.5)
"""After how long a client that polls asks for the first, second, ... time; the last one from then on."""

BATCH_PATH = "/v1/tasks:batch"
NO_SUCH_ROUTE = (404, 405)


class WrongAnswerError(Exception):
    """An answer that is not what was asked for: then no figure counts."""


@dataclass(frozen=True, slots=True)
class Way:
    """How clients go about it. `once` gives the ids of the tasks that have ended by it."""

    name: str
    once: Callable[[Connection], Awaitable[Sequence[str]]]


def post_wait(case: Case) -> Way:
    """One POST that is answered at the end: `Prefer: wait`."""
    post = request("POST", "/tasks", _body(case), prefer=f"wait={WAIT_SECONDS}")

    async def once(connection: Connection) -> Sequence[str]:
        body = expect(await connection.ask(post), 200)
        check(body.get("result"), case.shots)
        return [body["task_id"]]

    return Way("POST that waits", once)


def post_then_wait(case: Case) -> Way:
    """A POST, and a GET that is answered at the end."""
    post = request("POST", "/tasks", _body(case))

    async def once(connection: Connection) -> Sequence[str]:
        task_id = expect(await connection.ask(post), 202)["task_id"]
        get = request("GET", f"/tasks/{task_id}", prefer=f"wait={WAIT_SECONDS}")
        check(expect(await connection.ask(get), 200).get("result"), case.shots)
        return [task_id]

    return Way("POST, then GET that waits", once)


def poll(case: Case) -> Way:
    """A POST, and GETs at growing intervals."""
    post = request("POST", "/tasks", _body(case))

    async def once(connection: Connection) -> Sequence[str]:
        task_id = expect(await connection.ask(post), 202)["task_id"]
        get = request("GET", f"/tasks/{task_id}")
        number = 0
        while True:
            await asyncio.sleep(POLLS_SECONDS[min(number, len(POLLS_SECONDS) - 1)])
            number += 1
            body = expect(await connection.ask(get), 200)
            if body["status"] != "pending":
                check(body.get("result"), case.shots)
                return [task_id]

    return Way("POST, then polls", once)


def batch(case: Case, size: int) -> Way:
    """One POST of many tasks that is answered when all have ended."""
    post = request("POST", BATCH_PATH, _batch_body(case, size), prefer=f"wait={WAIT_SECONDS}")

    async def once(connection: Connection) -> Sequence[str]:
        outcomes = expect(await connection.ask(post), 200)["outcomes"]
        if len(outcomes) != size:
            raise WrongAnswerError(f"{len(outcomes)} outcomes for {size} tasks")
        for outcome in outcomes:
            if outcome["status"] != 200:  # noqa: PLR2004 - HTTP's own number
                raise WrongAnswerError(f"an outcome of a batch: {outcome!r}"[:500])
            check((outcome["task"]["result"] or {}).get("counts"), case.shots)
        return [outcome["task"]["id"] for outcome in outcomes]

    return Way(f"batches of {size}", once)


async def takes_batches(port: int, case: Case) -> bool:
    """Whether the server has the route for batches. Raises WrongAnswerError when it has one that does not work."""
    connection = await Connection.to(port)
    try:
        answer = await connection.ask(request("POST", BATCH_PATH, _batch_body(case, 1), prefer=f"wait={WAIT_SECONDS}"))
    finally:
        connection.close()
    if answer.status in NO_SUCH_ROUTE:
        return False
    expect(answer, 200)
    return True


def expect(answer: Answer, status: int) -> dict[str, Any]:
    """The body of an answer. Raises WrongAnswerError when its status is another one."""
    if answer.status != status:
        raise WrongAnswerError(f"{answer.status} instead of {status}: {answer.body[:500]!r}")
    body: dict[str, Any] = json.loads(answer.body)
    return body


def check(counts: Mapping[str, int] | None, shots: int) -> None:
    """Raise WrongAnswerError unless the counts add up to the shots."""
    if counts is None or sum(counts.values()) != shots:
        raise WrongAnswerError(f"the counts of {shots} shots are {counts!r}"[:500])


def _body(case: Case) -> bytes:
    return json.dumps({"qc": case.program, "shots": case.shots}).encode()


def _batch_body(case: Case, size: int) -> bytes:
    return json.dumps({"tasks": [{"qasm": case.program, "shots": case.shots}] * size}).encode()
