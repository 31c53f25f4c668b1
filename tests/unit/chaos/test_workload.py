"""Clients draw what they ask for from their seed, and ask again where careful users would."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from random import Random
from threading import Event

import httpx
import pytest
from chaos.history import Answered, Door, Exchange, Kind, Log, Operation, Outcome, Recorder, Spec, Unknown, read
from chaos.programs import PROGRAMS
from chaos.workload import MOST_TRIES, REMEMBERED, Client, Tasks, accepted, clients
from support.ports import free_port
from support.waiting import eventually
from unit.chaos.story import UNAVAILABLE

QASM = {name: program.qasm for name, program in PROGRAMS.items()}
PAUSES = 300

Answer = Callable[[httpx.Request], httpx.Response]


class Pauses(Event):
    """Set after so many waits, none of which takes any time."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._left = number

    def wait(self, timeout: float | None = None) -> bool:
        """Whether it is set now."""
        assert timeout is None or timeout >= 0
        self._left -= 1
        if self._left <= 0:
            self.set()
        return self.is_set()


class Server:
    """Answers like the API, as far as clients look at the answers."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """A task of its own for each submission, an empty listing, and no task otherwise."""
        self.requests.append(request)
        if request.method == "POST" and request.url.path.endswith("tasks"):
            name = "task_id" if request.url.path == "/tasks" else "id"
            return httpx.Response(202, json={name: f"t{len(self.requests)}"})
        if request.url.path == "/v1/tasks":
            return httpx.Response(200, json={"tasks": [], "nextCursor": None})
        return httpx.Response(404)


def lived(folder: Path, seed: str, answer: Answer, pauses: int = PAUSES) -> list[Exchange]:
    """What a client did in so many pauses, told from the log; the ids of listings, which nobody draws, left out."""
    path = folder / "history.jsonl"
    path.unlink(missing_ok=True)
    with Log(path) as log, httpx.Client(base_url="http://api", transport=httpx.MockTransport(answer)) as http:
        client = Client("c1", Random(seed), {Recorder(http, log, QASM): 1.0}, Tasks())  # noqa: S311 - no secret
        client.live(Pauses(pauses))
    exchanges = [entry for entry in read(path) if isinstance(entry, Exchange)]
    return [replace(one, operation=replace(one.operation, listing=None)) for one in exchanges]


def operations(exchanges: Sequence[Exchange]) -> list[Operation]:
    """What was asked for."""
    return [exchange.operation for exchange in exchanges]


# -- what is drawn --------------------------------------------------------------------------------------------------


def test_a_seed_draws_one_sequence(tmp_path: Path) -> None:
    """The same seed asks the same of the same answers, and another seed does not."""
    first, again, other = (operations(lived(tmp_path, seed, Server())) for seed in ("1 c1", "1 c1", "2 c1"))
    assert first == again
    assert first[:20] != other[:20]


def test_clients_do_all_that_can_be_done(tmp_path: Path) -> None:
    """Every kind of operation is drawn, at both doors; submissions with and without keys, waits and seeds."""
    done = operations(lived(tmp_path, "1 c1", Server()))
    submissions = [one for one in done if one.kind is Kind.SUBMIT]
    assert {one.kind for one in done} == set(Kind)
    for kind in (Kind.SUBMIT, Kind.GET, Kind.WAIT):
        assert {one.door for one in done if one.kind is kind} == set(Door)
    for facts in ("key", "wait_seconds"):
        assert {getattr(one, facts) is None for one in submissions} == {True, False}
    assert {one.spec.seed is None for one in submissions if one.spec} == {True, False}


def test_a_replay_is_the_same_submission(tmp_path: Path) -> None:
    """A key that comes again comes with the same program, shots and seed, at the same door, and does not wait."""
    done = [one for one in operations(lived(tmp_path, "1 c1", Server())) if one.key]
    first: dict[str | None, Operation] = {}
    replays = [one for one in done if first.setdefault(one.key, one) is not one]
    assert replays
    assert all(one == replace(first[one.key], wait_seconds=None) for one in replays)


def test_nothing_is_asked_of_tasks_that_nobody_knows(tmp_path: Path) -> None:
    """A client that was never told of a task submits and lists, and does nothing else."""
    done = operations(lived(tmp_path, "1 c1", lambda _: httpx.Response(503)))
    assert {one.kind for one in done} == {Kind.SUBMIT, Kind.LIST}


def test_submissions_go_where_their_share_is(tmp_path: Path) -> None:
    """Where there are two doors into a cluster, one without a share is asked, and gets no submission."""
    servers = Server(), Server()
    http = [httpx.Client(base_url="http://api", transport=httpx.MockTransport(server)) for server in servers]
    with Log(tmp_path / "history.jsonl") as log, http[0], http[1]:
        shares = {Recorder(http[0], log, QASM): 1.0, Recorder(http[1], log, QASM): 0.0}
        Client("c1", Random(1), shares, Tasks()).live(Pauses(PAUSES))  # noqa: S311 - no secret
    submitted = [[one for one in server.requests if one.url.path.endswith("tasks")] for server in servers]
    assert any(one.method == "POST" for one in submitted[0])
    assert servers[1].requests
    assert not any(one.method == "POST" for one in submitted[1])


# -- asking again ---------------------------------------------------------------------------------------------------


def refused(_: httpx.Request) -> httpx.Response:
    """What there is when something is away."""
    return httpx.Response(503)


def lost(request: httpx.Request) -> httpx.Response:
    """An answer that does not come."""
    raise httpx.ReadTimeout("too late", request=request)


def unreachable(request: httpx.Request) -> httpx.Response:
    """A server that is not there."""
    raise httpx.ConnectError("refused", request=request)


def submissions(exchanges: Sequence[Exchange]) -> list[tuple[Operation, list[Exchange]]]:
    """Submissions, each with all its tries: what follows each other and is the same."""
    asked = [one for one in exchanges if one.operation.kind is Kind.SUBMIT]
    return [(operation, list(tries)) for operation, tries in groupby(asked, lambda one: one.operation)]


@pytest.mark.parametrize("answer", [refused, lost, unreachable])
def test_without_an_answer_only_what_has_a_key_is_sent_again(tmp_path: Path, answer: Answer) -> None:
    """With a key it is sent again, unchanged, for a while, and then given up; without one it could be two tasks."""
    done = submissions(lived(tmp_path, "1 c1", answer))[:-1]  # of the last one the end was cut off
    assert {operation.key is None for operation, _ in done} == {True, False}
    assert {len(tries) for operation, tries in done if operation.key is None} == {1}
    assert {len(tries) for operation, tries in done if operation.key is not None} == {MOST_TRIES}


def test_a_keyed_submission_is_sent_until_it_is_answered(tmp_path: Path) -> None:
    """Whatever kept the answer away, the same submission comes next, until one is accepted."""
    random, server = Random(3), Server()  # noqa: S311 - no secret

    def answer(request: httpx.Request) -> httpx.Response:
        answers: list[Answer] = [server, server, refused, lost, unreachable]
        return random.choice(answers)(request)

    exchanges = lived(tmp_path, "1 c1", answer)
    unanswered = [
        (one.operation, following.operation)
        for one, following in pairwise(exchanges)
        if one.operation.key and accepted(one.outcome) is None
    ]
    assert len(unanswered) > 10
    assert all(operation == following for operation, following in unanswered)


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_refusal_is_an_answer(tmp_path: Path, status: int) -> None:
    """What is refused for good is not sent again, and no task comes of it."""
    done = submissions(lived(tmp_path, "1 c1", lambda _: httpx.Response(status)))
    assert {len(tries) for _, tries in done} == {1}


def test_whoever_is_stopped_does_not_send_again(tmp_path: Path) -> None:
    """The end of the clients' time is the end of their tries, also of those with a key."""
    short = [lived(tmp_path, seed, refused, pauses=1) for seed in "123456789"]
    assert any(one.operation.key for exchanges in short for one in exchanges)
    assert max(len(exchanges) for exchanges in short) == 1


# -- what is known --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "task"),
    [
        (Answered(202, json.dumps({"task_id": "a", "message": "Task submitted successfully."})), "a"),
        (Answered(202, json.dumps({"id": "b", "phase": "Pending"})), "b"),
        (Answered(200, json.dumps({"task_id": "c", "status": "completed", "result": {"0": 1}})), "c"),
        (Answered(200, json.dumps({"id": "d", "phase": "Succeeded"})), "d"),
        (Answered(404, json.dumps({"id": "e"})), None),
        (Answered(422, json.dumps({"id": "f"})), None),
        (UNAVAILABLE, None),
        (Unknown("ReadTimeout('')"), None),
    ],
    ids=lambda value: value.status if isinstance(value, Answered) else value,
)
def test_accepted_is_what_has_a_task(outcome: Outcome, task: str | None) -> None:
    """202, and 200 after a wait, name a task at either door; nothing else does."""
    assert accepted(outcome) == task


def test_the_latest_tasks_are_known_and_the_newest_drawn_most() -> None:
    """Old ones are forgotten, submissions without a key are not for replays, and all accepted ones are counted."""
    tasks, random = Tasks(), Random(1)  # noqa: S311 - no secret
    assert tasks.any_task(random) is None
    assert tasks.any_submission(random) is None
    for number in range(REMEMBERED + 100):
        key = f"k{number}" if number % 2 else None
        tasks.add(f"{number}", Operation(Kind.SUBMIT, "c", key=key, spec=Spec("bell", 1)))
    drawn = [int(tasks.any_task(random) or -1) for _ in range(10_000)]
    assert min(drawn) >= 100
    assert max(drawn) == REMEMBERED + 99
    assert sum(one >= 350 for one in drawn) > 7_000  # (1/2) ** (1/3) of them are of the newer half
    again = [tasks.any_submission(random) for _ in range(1_000)]
    assert all(one and one.key for one in again)
    assert tasks.accepted == REMEMBERED + 100


# -- all of them ----------------------------------------------------------------------------------------------------


def test_clients_are_at_work_until_they_are_left(tmp_path: Path) -> None:
    """Each has a name, what they meet does not end them, and afterwards none is at work."""
    url, path, errors = f"http://127.0.0.1:{free_port()}", tmp_path / "history.jsonl", list[BaseException]()

    def at_work() -> set[str]:
        return {entry.operation.client for entry in read(path) if isinstance(entry, Exchange)}

    with Log(path) as log:
        with clients(3, 1, {url: 1.0}, log, errors.append) as tasks:
            eventually(lambda: at_work() == {"c1", "c2", "c3"}, 30, "all three clients to have asked for something")
        history = path.read_bytes()
    assert path.read_bytes() == history
    assert not errors
    assert tasks.accepted == 0


def test_what_ends_a_client_is_told(tmp_path: Path) -> None:
    """A mistake of the suite's own is not lost with the client's thread."""
    errors: list[BaseException] = []
    log = Log(tmp_path / "history.jsonl")
    with log:
        pass
    with clients(1, 1, {f"http://127.0.0.1:{free_port()}": 1.0}, log, errors.append):
        eventually(lambda: errors, 30, "the client to fail")
    assert [type(error) for error in errors] == [ValueError]
