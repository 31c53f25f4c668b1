"""The words and figures of a status."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from quantum_operator.status import End, Progress, duration, ended, progressing
from quantum_tasks.errors import Code
from quantum_tasks.records import Summary
from quantum_tasks.resource import MAX_INLINE_COUNTS_BYTES, Metadata, QuantumTask, Spec, Status
from quantum_tasks.states import Phase, Reason, State
from quantum_tasks.task import Engine, Failure, Method, Outcome, Output

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
TASK = QuantumTask(
    metadata=Metadata(name="bell", namespace="lab", uid="uid-1", generation=3),
    spec=Spec(),
    status=Status(phase=Phase.PENDING, reason="Queued"),
)
OUTCOME = Outcome(counts={"0": 4, "1": 6}, shots=10, seed=3, qubits=1, method=Method.STABILIZER)
SUMMARY = Summary(shots=10, seed=3, qubits=1, method=Method.STABILIZER)
RUNS = Progress(Phase.RUNNING, Reason.STARTED, "It runs.", scheduled=True, started=NOW, job="bell-1")


def test_progress_is_told_in_words_conditions_and_times() -> None:
    """A running task has its Job, its start in whole seconds, its attempts, and the generation that was looked at."""
    status = progressing(TASK, RUNS, 1, NOW)
    assert (status.phase, status.reason, status.message) == (Phase.RUNNING, "Started", "It runs.")
    assert (status.job_name, status.attempts, status.observed_generation) == ("bell-1", 1, 3)
    assert status.start_time == NOW.replace(microsecond=0)
    assert {one.type: one.status for one in status.conditions} == {"Scheduled": "True", "Running": "True"}


def test_a_task_that_waits_as_the_api_server_says_is_not_written() -> None:
    """The API server's own first status needs no other one that says the same."""
    assert progressing(TASK, Progress(Phase.PENDING, Reason.QUEUED, "Waiting."), 0, NOW) is TASK.status


def test_an_end_without_a_start_has_no_duration() -> None:
    """A task that never ran has an end, and neither a start nor a duration nor a `Running` condition."""
    status = ended(TASK, End(State.CANCELLED, Reason.CANCELLED, Failure(Code.CANCELLED, "Gone.")), 0, NOW)
    assert (status.start_time, status.duration) == (None, None)
    assert status.completion_time == NOW.replace(microsecond=0)
    assert [one.type for one in status.conditions] == ["Finished"]


def test_an_end_by_another_clock_is_not_before_its_start() -> None:
    """Redis's clock and the node's may differ: an end before the start counts as one right after it."""
    end = End(State.SUCCEEDED, Reason.COMPLETED, started=NOW, finished=NOW - timedelta(seconds=9))
    status = ended(TASK, end, 1, NOW)
    assert status.start_time == status.completion_time
    assert status.duration == "0.0s"


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.CANCELLED])
def test_only_a_failure_has_an_error(state: State) -> None:
    """`status.error` is there for failed tasks alone."""
    assert ended(TASK, End(state, Reason.COMPLETED, Failure(Code.CANCELLED, "no")), 1, NOW).error is None


def test_a_place_of_zero_is_no_place() -> None:
    """Lines and columns count from 1 in the resource, so a 0 is left out and not refused by the API server."""
    status = ended(TASK, End(State.FAILED, Reason.INVALID_PROGRAM, Failure(Code.SYNTAX, "no", 0, 0)), 1, NOW)
    assert status.error is not None
    assert (status.error.line, status.error.column) == (None, None)


def test_a_long_message_fits_into_a_condition() -> None:
    """Kubernetes takes conditions' messages up to 32 KiB."""
    failure = Failure(Code.RUNNER_LOST, "x" * 50_000)
    status = ended(TASK, End(State.FAILED, Reason.BACKOFF_LIMIT_EXCEEDED, failure), 1, NOW)
    assert {len(one.message) for one in status.conditions} == {32_768}


def test_counts_are_in_the_status_up_to_their_bound() -> None:
    """Counts of exactly the bound are kept in the status; a byte more, and the status refers to Redis."""
    most = {"1" * (MAX_INLINE_COUNTS_BYTES - 5): 1}
    more = {"1" * (MAX_INLINE_COUNTS_BYTES - 4): 1}
    inline, referred = (
        ended(TASK, End(State.SUCCEEDED, Reason.COMPLETED, None, SUMMARY, _outcome(counts), 99), 1, NOW)
        for counts in (most, more)
    )
    assert (inline.counts, inline.result_ref) == (most, None)
    assert referred.counts is None
    assert referred.result_ref is not None
    assert (referred.result_ref.key, referred.result_ref.size_bytes) == ("lab/bell", 99)
    assert (inline.qubits, inline.seed, inline.method) == (1, 3, Method.STABILIZER)


def test_empty_counts_are_counts() -> None:
    """A result without a single entry is a result all the same, and no reference."""
    status = ended(TASK, End(State.SUCCEEDED, Reason.COMPLETED, None, SUMMARY, _outcome({})), 1, NOW)
    assert (status.counts, status.result_ref) == ({}, None)


def test_an_end_keeps_what_was_known() -> None:
    """The Job's name, the start and the conditions of the way there stay."""
    on_the_way = progressing(TASK, RUNS, 1, NOW)
    subject = TASK.model_copy(update={"status": on_the_way})
    status = ended(subject, End(State.SUCCEEDED, Reason.COMPLETED, None, SUMMARY, OUTCOME), 1, NOW + timedelta(hours=2))
    assert (status.job_name, status.start_time) == ("bell-1", on_the_way.start_time)
    assert {one.type: one.status for one in status.conditions} == {
        "Scheduled": "True",
        "Running": "False",
        "Finished": "True",
    }


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0.0s"),
        (0.04, "0.0s"),
        (1.25, "1.2s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (10, "10s"),
        (59.4, "59s"),
        (59.6, "1m0s"),
        (60, "1m0s"),
        (184.9, "3m5s"),
        (3599, "59m59s"),
        (7500, "2h5m"),
        (360_000, "100h0m"),
    ],
)
def test_a_duration_is_short(seconds: float, text: str) -> None:
    """A time span has two figures at the most, and never `60s`."""
    assert duration(timedelta(seconds=seconds)) == text


def test_outputs_are_kept_with_the_counts_or_not_at_all() -> None:
    """Each value as JSON; where they are large, both are in Redis alone."""
    rows = tuple(Output(1, {"n": number, "c": "01"}) for number in range(10))
    outcome = replace(OUTCOME, engine=Engine.MACHINE, outputs=rows)
    end = End(State.SUCCEEDED, Reason.COMPLETED, summary=replace(SUMMARY, engine=Engine.MACHINE), outcome=outcome)
    status = ended(TASK, end, 1, NOW)
    assert status.engine is Engine.MACHINE
    assert status.outputs is not None
    assert [row.values for row in status.outputs[:2]] == [{"n": "0", "c": '"01"'}, {"n": "1", "c": '"01"'}]
    large = replace(outcome, outputs=(Output(10, {"c": "0" * MAX_INLINE_COUNTS_BYTES}),))
    status = ended(TASK, replace(end, outcome=large), 1, NOW)
    assert (status.counts, status.outputs, status.result_ref is not None) == (None, None, True)


def _outcome(counts: dict[str, int]) -> Outcome:
    return Outcome(counts=counts, shots=10, seed=3, qubits=1, method=Method.STABILIZER)
