"""What the clients of a run under faults did and were told: recorded as JSON lines, and read back exactly.

Times are in seconds. Monotonic ones order the operations, across the processes of one machine and whatever is done to
its clock; wall ones are there to be compared with logs.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

import httpx
from pydantic import TypeAdapter, ValidationError
from quantum_api.schemas.resources import TaskList
from quantum_tasks.states import Phase

KEPT_HEADERS = ("content-type", "idempotency-replayed", "location", "preference-applied", "retry-after")
"""The headers of an answer that the history keeps."""

MAX_PAGES = 10_000
"""At how many pages a listing is taken for one that never ends."""


class Kind(StrEnum):
    """What a client asked for."""

    SUBMIT = "submit"
    GET = "get"
    WAIT = "wait"
    LIST = "list"
    CANCEL = "cancel"
    DELETE = "delete"


class Door(StrEnum):
    """Where it asked: the seed routes, or `/v1`."""

    SEED = "seed"
    V1 = "v1"


@dataclass(frozen=True, slots=True)
class Spec:
    """What is submitted; `program` is a name that the run's model knows."""

    program: str
    shots: int
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """One request. `client` names who sends it, one request at a time.

    `task` is the id that it is about; a submission has one only where its sender chose it. `listing` is common to the
    pages of one listing.
    """

    kind: Kind
    client: str
    door: Door = Door.V1
    task: str | None = None
    key: str | None = None
    spec: Spec | None = None
    wait_seconds: int | None = None
    phase: Phase | None = None
    limit: int | None = None
    cursor: str | None = None
    listing: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A time on both clocks, in seconds."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> Self:
        """This moment."""
        return cls(time.monotonic(), time.time())


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, as it was on the wire. Headers are those of KEPT_HEADERS, in lower case."""

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer. If the request was `sent`, it may have been carried out or not, or may yet be (Jepsen's :info)."""

    cause: str
    sent: bool = True


Outcome = Answered | Unknown


@dataclass(frozen=True, slots=True)
class Exchange:
    """An operation, when it began and ended, and what came of it."""

    operation: Operation
    invoked: Moment
    completed: Moment
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to the system: `end` is None for what has no duration, and for what was never healed."""

    fault: str
    target: str
    start: Moment
    end: Moment | None = None
    details: Mapping[str, str] = field(default_factory=dict)


Entry = Exchange | Fault

_ENTRY: TypeAdapter[Entry] = TypeAdapter(Entry)


def encode(entry: Entry) -> bytes:
    """An entry as one line of JSON, without its end."""
    return _ENTRY.dump_json(entry, ensure_ascii=True)


def decode(line: bytes) -> Entry:
    """The entry that `encode` made a line of. Raises pydantic's ValidationError for any other line."""
    return _ENTRY.validate_json(line)


def read(path: Path) -> list[Entry]:
    """A whole history. The first entry is the one of line 1."""
    with path.open("rb") as lines:
        return [decode(line) for line in lines]


class Log:
    """A file that a history is appended to, by any number of threads; every line is flushed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._lock = Lock()

    def __enter__(self) -> Self:
        """The log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()

    def write(self, entry: Entry) -> None:
        """Append one entry."""
        line = encode(entry) + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()


class Recorder:
    """A client that carries out operations and writes down each with its times and outcome.

    `programs` maps names to OpenQASM. Operations are carried out once: whoever wants another try asks again.
    """

    def __init__(self, http: httpx.Client, log: Log, programs: Mapping[str, str]) -> None:
        self._http = http
        self._log = log
        self._programs = programs

    def do(self, operation: Operation) -> Outcome:
        """Carry out one operation, and record it."""
        request = request_of(operation, self._programs, self._http)
        invoked = Moment.now()
        outcome = self._send(request)
        self._log.write(Exchange(operation, invoked, Moment.now(), outcome))
        return outcome

    def list_all(self, client: str, *, limit: int = 100, phase: Phase | None = None) -> bool:
        """List page by page, each recorded. Returns whether the end was reached."""
        page = Operation(Kind.LIST, client, phase=phase, limit=limit, listing=str(uuid.uuid4()))
        for _ in range(MAX_PAGES):
            outcome = self.do(page)
            if not isinstance(outcome, Answered) or outcome.status != httpx.codes.OK:
                return False
            try:
                cursor = TaskList.model_validate_json(outcome.text).next_cursor
            except ValidationError:
                return False  # the checker says so
            if cursor is None:
                return True
            page = replace(page, cursor=cursor)
        return False

    def _send(self, request: httpx.Request) -> Outcome:
        try:
            answer = self._http.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Unknown(repr(error), sent=False)
        except httpx.RequestError as error:
            return Unknown(repr(error))
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        return Answered(answer.status_code, answer.text, headers)


def request_of(operation: Operation, programs: Mapping[str, str], http: httpx.Client) -> httpx.Request:
    """The request that an operation stands for."""
    tasks = "/tasks" if operation.door is Door.SEED else "/v1/tasks"
    headers = {}
    if operation.wait_seconds is not None:
        headers["prefer"] = f"wait={operation.wait_seconds}"
    if operation.key is not None:
        headers["idempotency-key"] = operation.key
    match operation.kind:
        case Kind.SUBMIT:
            return http.build_request("POST", tasks, headers=headers, json=_submission(operation, programs))
        case Kind.LIST:
            asked = {"phase": operation.phase, "limit": operation.limit, "cursor": operation.cursor}
            params = {name: str(value) for name, value in asked.items() if value is not None}
            return http.build_request("GET", tasks, params=params)
        case Kind.CANCEL:
            return http.build_request("POST", f"/v1/tasks/{operation.task}/cancel")
        case Kind.DELETE:
            return http.build_request("DELETE", f"/v1/tasks/{operation.task}")
        case Kind.GET | Kind.WAIT:
            return http.build_request("GET", f"{tasks}/{operation.task}", headers=headers)


def _submission(operation: Operation, programs: Mapping[str, str]) -> dict[str, str | int]:
    spec = operation.spec
    if spec is None:
        raise ValueError("a submission needs a spec")
    body: dict[str, str | int] = (
        {"shots": spec.shots} if spec.seed is None else {"shots": spec.shots, "seed": spec.seed}
    )
    return {"qc" if operation.door is Door.SEED else "qasm": programs[spec.program], **body}
