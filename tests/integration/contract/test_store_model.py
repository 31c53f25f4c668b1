"""The store against a model of it: whatever is done in whatever order, both agree on every task."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, consumes, invariant, multiple, rule
from quantum_tasks.errors import Code, QuantumTasksError, QueueFullError, TaskFinishedError, TaskNotFoundError
from quantum_tasks.keys import Keys
from quantum_tasks.leases import Lease
from quantum_tasks.states import TRANSITIONS, Reason, State
from quantum_tasks.store import NewTask, Receipt, Store, Submitted, connect
from quantum_tasks.task import Failure, Method, Options, Outcome
from support.redis_server import RedisServer
from support.stores import flush

IDS = st.sampled_from("abcdef")
WORKERS = st.sampled_from(["w1", "w2"])
MAX_ATTEMPTS = 2
MAX_UNFINISHED = 4
OPTIONS = Options(shots=1, seed=1)
OUTCOME = Outcome(counts={"1": 1}, shots=1, seed=1, qubits=1, method=Method.STABILIZER)
FAILURE = Failure(Code.SYNTAX, "no")


@dataclass
class _Expected:
    """What the model knows of a task."""

    state: State = State.QUEUED
    attempts: int = 0
    token: str = ""

    def move(self, state: State) -> None:
        assert state in TRANSITIONS[self.state]
        self.state = state


class StoreMachine(RuleBasedStateMachine):
    """Random walks over everything that API and workers may do, leases kept for as long as they like."""

    leases: Bundle[tuple[str, Lease]] = Bundle("leases")
    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.run(flush(self.url))
        self.redis = connect(self.url, timeout_seconds=5, retries=1, max_connections=2)
        self.store = Store(self.redis, Keys(), max_unfinished=MAX_UNFINISHED)
        self.runner.run(self.store.prepare())
        self.tasks: dict[str, _Expected] = {}
        self.accepted: list[str] = []
        self.queue: list[str] = []
        self.tokens: set[str] = set()

    def teardown(self) -> None:
        """Close the connection."""
        self.runner.run(self.redis.aclose())
        self.runner.close()

    @rule(task_id=IDS)
    def submit(self, task_id: str) -> None:
        """Submit a new task, or one again."""
        try:
            self._note_submission(task_id, self.runner.run(self.store.submit(task_id, "x", OPTIONS)))
        except QueueFullError as error:
            self._note_submission(task_id, error)

    @rule(ids=st.lists(IDS, max_size=6))
    def submit_all(self, ids: list[str]) -> None:
        """Submit some tasks, new or again, in one call."""
        answers = self.runner.run(self.store.submit_all([NewTask(task_id, "x", OPTIONS) for task_id in ids]))
        for task_id, answer in zip(ids, answers, strict=True):
            self._note_submission(task_id, answer)

    def _note_submission(self, task_id: str, answer: Receipt | QuantumTasksError) -> None:
        unfinished = [task for task in self.tasks.values() if not task.state.terminal]
        if isinstance(answer, QuantumTasksError):
            assert isinstance(answer, QueueFullError)
            assert task_id not in self.tasks
            assert len(unfinished) == MAX_UNFINISHED
            return
        submitted = answer.submitted
        assert answer.task.id == task_id
        assert (submitted is Submitted.REPLAYED) == (task_id in self.tasks)
        if submitted is Submitted.ACCEPTED:
            assert len(unfinished) < MAX_UNFINISHED
            self.tasks[task_id] = _Expected()
            assert answer.task.state is State.QUEUED
            self.accepted.append(task_id)
            self.queue.append(task_id)

    @rule(target=leases, worker=WORKERS, count=st.integers(1, 3))
    def claim(self, worker: str, count: int) -> MultipleResults[tuple[str, Lease]]:
        """Take the oldest tasks."""
        claim = self.store.claim(worker, count=count, block_seconds=0.001, max_attempts=MAX_ATTEMPTS)
        leases = self.runner.run(claim)
        assert [lease.task_id for lease in leases] == self.queue[:count]
        del self.queue[:count]
        return self._started(worker, leases)

    @rule(target=leases, worker=WORKERS)
    def reclaim(self, worker: str) -> MultipleResults[tuple[str, Lease]]:
        """Take over whatever runs."""
        running = {task_id for task_id, task in self.tasks.items() if task.state is State.RUNNING}
        reclaim = self.store.reclaim(worker, count=100, lease_seconds=0, max_attempts=MAX_ATTEMPTS)
        leases = self.runner.run(reclaim)
        spent = {task_id for task_id in running if self.tasks[task_id].attempts == MAX_ATTEMPTS}
        assert {lease.task_id for lease in leases} == running - spent
        for task_id in spent:
            self.tasks[task_id].move(State.FAILED)
        return self._started(worker, leases)

    @rule(held=leases, succeeds=st.booleans())
    def end(self, held: tuple[str, Lease], *, succeeds: bool) -> None:
        """Report an end, with a lease that may be stale."""
        _, lease = held
        task = self.tasks.get(lease.task_id)
        target = State.SUCCEEDED if succeeds else State.FAILED
        ours = task is not None and task.token == lease.token
        repeated = ours and task is not None and task.state is target
        if succeeds:
            answer = self.runner.run(self.store.succeed(lease, OUTCOME))
        else:
            answer = self.runner.run(self.store.fail(lease, Reason.INVALID_PROGRAM, FAILURE))
        if task is not None and ours and task.state is State.RUNNING:
            assert answer
            task.move(target)
        else:
            assert answer == repeated

    @rule(held=consumes(leases), counts=st.booleans())
    def release(self, held: tuple[str, Lease], *, counts: bool) -> None:
        """Give a lease back, which may be stale."""
        _, lease = held
        release = self.store.release(lease, "lost", counts=counts, max_attempts=MAX_ATTEMPTS)
        answer = self.runner.run(release)
        task = self.tasks.get(lease.task_id)
        if task is None or task.token != lease.token or task.state is not State.RUNNING:
            assert answer is None
            return
        task.attempts -= not counts
        target = State.FAILED if task.attempts >= MAX_ATTEMPTS else State.QUEUED
        task.move(target)
        assert answer is target
        if target is State.QUEUED:
            task.token = ""
            self.queue.append(lease.task_id)

    @rule(held=leases)
    def renew(self, held: tuple[str, Lease]) -> None:
        """Renew a lease, which may be stale."""
        worker, lease = held
        task = self.tasks.get(lease.task_id)
        ours = task is not None and task.state is State.RUNNING and task.token == lease.token
        assert self.runner.run(self.store.renew(worker, [lease])) == (set() if ours else {lease.token})

    @rule(task_id=IDS)
    def cancel(self, task_id: str) -> None:
        """Cancel any task."""
        task = self.tasks.get(task_id)
        if task is None:
            with pytest.raises(TaskNotFoundError):
                self.runner.run(self.store.cancel(task_id))
        elif task.state in (State.SUCCEEDED, State.FAILED):
            with pytest.raises(TaskFinishedError):
                self.runner.run(self.store.cancel(task_id))
        else:
            self.runner.run(self.store.cancel(task_id))
            if task.state is not State.CANCELLED:
                task.move(State.CANCELLED)
            self._leave_queue(task_id)

    @rule(task_id=IDS)
    def delete(self, task_id: str) -> None:
        """Delete any task."""
        if task_id in self.tasks:
            self.runner.run(self.store.delete(task_id))
            del self.tasks[task_id]
            self.accepted.remove(task_id)
            self._leave_queue(task_id)
        else:
            with pytest.raises(TaskNotFoundError):
                self.runner.run(self.store.delete(task_id))

    @invariant()
    def both_agree(self) -> None:
        """Reads, listings and the length of the queue say what the model says."""
        for task_id, expected in self.tasks.items():
            task = self.runner.run(self.store.get(task_id))
            assert (task.state, task.attempts) == (expected.state, expected.attempts)
            assert (task.outcome is not None) == (expected.state is State.SUCCEEDED)
            assert (task.finished_at is not None) == expected.state.terminal
        page = self.runner.run(self.store.page())
        assert [task.id for task in page.tasks] == self.accepted[::-1]
        for state in State:
            listed = {task.id for task in self.runner.run(self.store.page(state=state)).tasks}
            assert listed == {task_id for task_id, task in self.tasks.items() if task.state is state}

    def _started(self, worker: str, leases: list[Lease]) -> MultipleResults[tuple[str, Lease]]:
        for lease in leases:
            task = self.tasks[lease.task_id]
            if task.state is State.QUEUED:
                task.move(State.RUNNING)
            task.attempts += 1
            task.token = lease.token
            assert lease.token not in self.tokens
            self.tokens.add(lease.token)
            assert lease.attempt == task.attempts
        return multiple(*((worker, lease) for lease in leases))

    def _leave_queue(self, task_id: str) -> None:
        if task_id in self.queue:
            self.queue.remove(task_id)


def test_the_store_agrees_with_its_model(redis_server: RedisServer) -> None:
    """No order of submissions, claims, ends, releases, cancellations and deletions makes store and model differ."""

    class Machine(StoreMachine):
        url = redis_server.url

    case = Machine.TestCase
    case.settings = settings(
        max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
    )
    case().runTest()
