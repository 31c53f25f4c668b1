"""Histories are written and read back, and a recorder writes down what happened."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from chaos.history import (
    Answered,
    Door,
    Entry,
    Exchange,
    Fault,
    Kind,
    Log,
    Moment,
    Operation,
    Recorder,
    Spec,
    Unknown,
    decode,
    encode,
    read,
)
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from quantum_tasks.states import Phase

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SECONDS = st.floats(min_value=0, max_value=1e10)
MOMENTS = st.builds(Moment, SECONDS, SECONDS)
NAMED = st.dictionaries(TEXT, TEXT, max_size=3)
ENTRIES: st.SearchStrategy[Entry] = st.one_of(
    st.builds(
        Exchange,
        st.builds(
            Operation,
            st.sampled_from(Kind),
            TEXT,
            st.sampled_from(Door),
            task=st.none() | TEXT,
            key=st.none() | TEXT,
            spec=st.none() | st.builds(Spec, TEXT, st.integers(1, 10**6), st.none() | st.integers(0, 2**31 - 1)),
            wait_seconds=st.none() | st.integers(0, 60),
            phase=st.none() | st.sampled_from(Phase),
            cursor=st.none() | TEXT,
        ),
        MOMENTS,
        MOMENTS,
        st.builds(Answered, st.integers(100, 599), TEXT, NAMED) | st.builds(Unknown, TEXT, st.booleans()),
    ),
    st.builds(Fault, TEXT, TEXT, MOMENTS, st.none() | MOMENTS, NAMED),
)

Answer = Callable[[httpx.Request], httpx.Response]
Record = Callable[[Answer, Operation], Exchange]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the test's history is."""
    return tmp_path / "history.jsonl"


@pytest.fixture
def record(path: Path) -> Iterator[Record]:
    """Carries out an operation on a server that answers so, and gives what was recorded of it."""
    with Log(path) as log:

        def carry_out(answer: Answer, operation: Operation) -> Exchange:
            with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://test") as http:
                outcome = Recorder(http, log, {"bell": "OPENQASM 3;"}).do(operation)
            entry = read(path)[-1]
            assert isinstance(entry, Exchange)
            assert entry.outcome == outcome
            return entry

        yield carry_out


@given(ENTRIES)
def test_an_entry_is_read_back_exactly(entry: Entry) -> None:
    """Whatever is in an entry, its line is one line, and stands for it."""
    line = encode(entry)
    assert b"\n" not in line
    assert decode(line) == entry


def test_a_line_that_is_no_entry_is_refused() -> None:
    """A history that was cut off in the middle of a line is not read as if it were whole."""
    with pytest.raises(ValidationError):
        decode(b'{"operation": {"kind": "get"')


def test_threads_write_whole_lines(path: Path) -> None:
    """What many threads write at a time is all there, and each line is whole."""
    moment = Moment(0.1, 0.2)
    with Log(path) as log, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log.write(Fault("kill", str(n), moment)), range(200)))
    assert {entry.target for entry in read(path) if isinstance(entry, Fault)} == {str(n) for n in range(200)}


def test_a_line_is_there_once_it_is_written(path: Path) -> None:
    """A history can be read up to its last entry while it is being written."""
    with Log(path) as log:
        log.write(Fault("kill", "worker", Moment.now()))
        assert len(read(path)) == 1


def test_an_answer_is_recorded_with_its_times(record: Record) -> None:
    """Status, text, the headers that matter, and times on both sides of the request."""
    operation = Operation(Kind.GET, "c", task="a")
    before = Moment.now()
    entry = record(lambda _: httpx.Response(503, text="no", headers={"Retry-After": "1", "X-Other": "x"}), operation)
    assert entry.operation == operation
    assert entry.outcome == Answered(503, "no", {"content-type": "text/plain; charset=utf-8", "retry-after": "1"})
    assert before.monotonic <= entry.invoked.monotonic <= entry.completed.monotonic <= Moment.now().monotonic


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.ReadTimeout("slow"), True),
        (httpx.WriteError("reset"), True),
        (httpx.RemoteProtocolError("closed"), True),
    ],
    ids=repr,
)
def test_an_answer_that_never_came_is_recorded_as_unknown(record: Record, error: Exception, *, sent: bool) -> None:
    """A connection that was never made has surely done nothing; of one that was lost, nobody knows."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    assert record(fail, Operation(Kind.DELETE, "c", task="a")).outcome == Unknown(repr(error), sent=sent)


@pytest.mark.parametrize(
    ("operation", "line", "body", "headers"),
    [
        (
            Operation(Kind.SUBMIT, "c", Door.SEED, key="k", spec=Spec("bell", 10, 7), wait_seconds=3),
            "POST /tasks",
            {"qc": "OPENQASM 3;", "shots": 10, "seed": 7},
            {"idempotency-key": "k", "prefer": "wait=3"},
        ),
        (
            Operation(Kind.SUBMIT, "c", spec=Spec("bell", 10)),
            "POST /v1/tasks",
            {"qasm": "OPENQASM 3;", "shots": 10},
            {},
        ),
        (Operation(Kind.GET, "c", Door.SEED, "a"), "GET /tasks/a", None, {}),
        (Operation(Kind.WAIT, "c", task="a", wait_seconds=5), "GET /v1/tasks/a", None, {"prefer": "wait=5"}),
        (Operation(Kind.CANCEL, "c", task="a"), "POST /v1/tasks/a/cancel", None, {}),
        (Operation(Kind.DELETE, "c", task="a"), "DELETE /v1/tasks/a", None, {}),
        (
            Operation(Kind.LIST, "c", phase=Phase.RUNNING, limit=2, cursor="x"),
            "GET /v1/tasks?phase=Running&limit=2&cursor=x",
            None,
            {},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_operation_is_one_request(
    record: Record, operation: Operation, line: str, body: dict[str, object] | None, headers: dict[str, str]
) -> None:
    """Each kind of operation asks at its route, with what it says in the body, the query and the headers."""
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    record(keep, operation)
    [request] = seen
    assert f"{request.method} {request.url.raw_path.decode()}" == line
    assert (json.loads(request.content) if request.content else None) == body
    assert {name: request.headers[name] for name in ("idempotency-key", "prefer") if name in request.headers} == headers


def test_a_listing_is_followed_to_its_end(path: Path) -> None:
    """A whole listing is recorded page by page, each asked for with the cursor of the one before."""
    cursors = iter(["x", "y", None])

    def pages(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"tasks": [], "nextCursor": next(cursors)})

    with Log(path) as log, httpx.Client(transport=httpx.MockTransport(pages), base_url="http://test") as http:
        assert Recorder(http, log, {}).list_all("c")
    operations = [entry.operation for entry in read(path) if isinstance(entry, Exchange)]
    assert [operation.cursor for operation in operations] == [None, "x", "y"]
    assert len({operation.listing for operation in operations}) == 1


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, text="{}")], ids=["refused", "malformed"])
def test_a_listing_that_breaks_off_is_not_whole(path: Path, answer: httpx.Response) -> None:
    """A page that is no page ends the listing."""
    with (
        Log(path) as log,
        httpx.Client(transport=httpx.MockTransport(lambda _: answer), base_url="http://test") as http,
    ):
        assert not Recorder(http, log, {}).list_all("c")
