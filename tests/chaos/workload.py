"""The clients of a run: each a thread that asks for one thing after the other, as its own random numbers have it."""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from random import Random
from threading import Event, Lock, Thread
from typing import TypeVar

import httpx
from chaos.history import Answered, Door, Kind, Log, Operation, Outcome, Recorder
from chaos.programs import PROGRAMS, draw
from quantum_tasks.states import Phase

ANSWER_SECONDS = 20.0
"""How long a client waits for an answer; longer than it asks the API to wait."""

WAIT_SECONDS = 3
PAUSE_SECONDS = 0.4
"""The longest pause between two requests of a client."""

REMEMBERED = 500
"""How many of the latest tasks the clients know of, and ask for."""

MOST_TRIES = 30
"""How often a submission is sent again, with its key, for want of an answer."""

T = TypeVar("T")

_QASM = {name: program.qasm for name, program in PROGRAMS.items()}

_HABITS: Mapping[str, int] = {
    "submit": 40,
    "submit and wait": 6,
    "replay": 6,
    "get": 16,
    "wait": 16,
    "cancel": 4,
    "delete": 2,
    "list all": 1,
    "list some": 3,
}


class Tasks:
    """The latest tasks and keys, which all clients share: any of them may ask for any."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: deque[str] = deque(maxlen=REMEMBERED)
        self._submissions: deque[Operation] = deque(maxlen=REMEMBERED)
        self.accepted = 0

    def add(self, task: str, submission: Operation) -> None:
        """A submission that was accepted."""
        with self._lock:
            self.accepted += 1
            self._known.append(task)
            if submission.key is not None:
                self._submissions.append(submission)

    def any_task(self, random: Random) -> str | None:
        """One of the latest tasks, if there is one; the newest are drawn more often."""
        with self._lock:
            return _recent(random, self._known)

    def any_submission(self, random: Random) -> Operation | None:
        """One of the latest submissions that had a key."""
        with self._lock:
            return _recent(random, self._submissions)


def _recent(random: Random, things: deque[T]) -> T | None:
    return things[-1 - int(random.random() ** 3 * len(things))] if things else None


class Client:
    """One client. Its requests follow each other; where there is no answer it may ask again, as careful users do."""

    def __init__(self, name: str, random: Random, recorders: Mapping[Recorder, float], tasks: Tasks) -> None:
        self._name = name
        self._random = random
        self._recorders = recorders
        self._tasks = tasks

    def live(self, stopping: Event) -> None:
        """Go on until stopped."""
        while not stopping.is_set():
            [habit] = self._random.choices(list(_HABITS), list(_HABITS.values()))
            self._do(habit, stopping)
            stopping.wait(self._random.uniform(0, PAUSE_SECONDS))

    def _do(self, habit: str, stopping: Event) -> None:
        door = self._random.choice(list(Door))
        match habit:
            case "submit":
                self._submit(self._new_submission(door), stopping)
            case "submit and wait":
                self._submit(replace(self._new_submission(door), wait_seconds=WAIT_SECONDS), stopping)
            case "replay":
                again = self._tasks.any_submission(self._random)
                if again is not None:
                    self._submit(replace(again, client=self._name, wait_seconds=None), stopping)
            case "list all":
                self._recorder().list_all(self._name, limit=100)
            case "list some":
                phase = self._random.choice([None, *Phase])
                self._ask(Operation(Kind.LIST, self._name, phase=phase, limit=self._random.choice((1, 10, 100))))
            case _:
                self._ask_for_a_task(Kind(habit), door)

    def _ask_for_a_task(self, kind: Kind, door: Door) -> None:
        task = self._tasks.any_task(self._random)
        if task is None:
            return
        readable = kind in {Kind.GET, Kind.WAIT}
        wait = WAIT_SECONDS if kind is Kind.WAIT else None
        self._ask(Operation(kind, self._name, door if readable else Door.V1, task, wait_seconds=wait))

    def _new_submission(self, door: Door) -> Operation:
        keyed = self._random.random() < 0.7
        key = f"{self._name}-{self._random.getrandbits(64):x}" if keyed else None
        return Operation(Kind.SUBMIT, self._name, door, key=key, spec=draw(self._random))

    def _submit(self, operation: Operation, stopping: Event) -> None:
        """Submit; with a key, until there is an answer, since that makes one task however often it is sent."""
        recorder = self._recorder(submits=True)
        for _ in range(MOST_TRIES if operation.key else 1):
            outcome = recorder.do(operation)
            task = accepted(outcome)
            if task is not None:
                self._tasks.add(task, operation)
            if isinstance(outcome, Answered) and outcome.status < 500:
                return
            if stopping.wait(self._random.uniform(0.1, 1.0)):
                return

    def _ask(self, operation: Operation) -> None:
        self._recorder().do(operation)

    def _recorder(self, *, submits: bool = False) -> Recorder:
        weights = list(self._recorders.values()) if submits else None
        [recorder] = self._random.choices(list(self._recorders), weights)
        return recorder


def accepted(outcome: Outcome) -> str | None:
    """The task that a submission made, if it was accepted."""
    if not isinstance(outcome, Answered) or outcome.status not in {200, 202}:
        return None
    body = json.loads(outcome.text)
    task: str = body.get("task_id") or body["id"]
    return task


@contextmanager
def clients(
    number: int, seed: int, urls: Mapping[str, float], log: Log, failed: Callable[[BaseException], None]
) -> Iterator[Tasks]:
    """So many clients at work. `failed` is called with what ends one before its time."""
    tasks, stopping = Tasks(), Event()

    def live(name: str) -> None:
        try:
            with ExitStack() as open_clients:
                recorders = {
                    Recorder(open_clients.enter_context(_http(url)), log, _QASM): share for url, share in urls.items()
                }
                Client(name, Random(f"{seed} {name}"), recorders, tasks).live(stopping)  # noqa: S311 - no secret
        except BaseException as error:  # noqa: BLE001 - a thread's error would be lost
            failed(error)

    threads = [Thread(target=live, args=(f"c{n}",), name=f"client {n}") for n in range(1, number + 1)]
    for thread in threads:
        thread.start()
    try:
        yield tasks
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _http(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, timeout=ANSWER_SECONDS)
