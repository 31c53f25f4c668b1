"""Every order of what several actors do to one Redis, one command at a time.

The actors are coroutines over the real store, the scripts are the real ones, and Redis is a real Redis. Only the client
between them is special: it hands each command to a scheduler, which says whose turn it is. One command is what Redis
carries out as one, so no order is left out: an actor that is not scheduled for a while is a process that was stopped,
and one that is never scheduled again is a process that was killed, after any of its commands.

The search is breadth first, so what it finds is as short as can be. Two orders that lead to the same contents of Redis
and the same answers to every actor go on as one. In every state that is met, all actors are killed once, and a fair one
must be able to end what is left. Nothing is drawn by chance.
"""

import asyncio
import hashlib
import re
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

from integration.model.promises import LOSS, Contents, Step, Violation, check_again, check_contents, check_step
from quantum_tasks.keys import GROUP, Keys
from quantum_tasks.mirror import Mirror
from quantum_tasks.states import State
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

LEASE_SECONDS = 600
"""Much longer than a search takes: leases run out by `World.let_leases_run_out` alone."""

TASK = "t"
"""The id of the only task."""

MAX_STATES = 20_000
"""More than any scenario has; a search that meets more is no longer exhaustive, and says so."""

MAX_WAITS = 1
"""How often an actor may wait for a record that is not there before its patience is over."""

_KEYS = Keys()
_BODIES = {
    file.name.removesuffix(".lua"): file.read_text("utf-8")
    for file in (resources.files("quantum_tasks") / "scripts").iterdir()
}

RESOURCE = f"{_KEYS.root}resource"
"""Where a scenario keeps how the resource has ended: beside what the store keeps, and not lost with it."""

_LOSE_EVERYTHING = """
for number, key in ipairs(KEYS) do
  redis.call('DEL', key)
end
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
"""

_LET_LEASES_RUN_OUT = """
for _, row in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 100)) do
  redis.call('XCLAIM', KEYS[1], ARGV[1], row[2], 0, row[1], 'IDLE', ARGV[2], 'JUSTID')
end
"""

_READ = """
local root, group, states = ARGV[1], ARGV[2], {unpack(ARGV, 3)}
local tasks, indexes = {}, {}
for _, key in ipairs(redis.call('KEYS', root .. 'task:*')) do
  tasks[#tasks + 1] = {string.sub(key, #root + 6), redis.call('HGETALL', key)}
end
for _, state in ipairs(states) do
  indexes[#indexes + 1] = {state, redis.call('ZRANGE', root .. 'tasks:' .. state, 0, -1)}
end
return {
  tasks, indexes, redis.call('ZRANGE', root .. 'tasks', 0, -1), redis.call('ZRANGE', root .. 'finished', 0, -1),
  redis.call('XRANGE', KEYS[1], '-', '+'), redis.call('XPENDING', KEYS[1], group, '-', '+', 100),
  redis.call('XRANGE', root .. 'events', '-', '+'), redis.call('ZRANGE', root .. 'gone', 0, -1),
  redis.call('GET', root .. 'resource'),
}
"""

_KEEP = """
local kept = 0
for _, key in ipairs(KEYS) do
  kept = kept + redis.call('COPY', key, ARGV[1] .. key, 'DB', 1)
end
return redis.call('DBSIZE') - kept
"""

_BRING_BACK = """
redis.call('FLUSHDB')
redis.call('SELECT', 1)
for _, key in ipairs(KEYS) do
  redis.call('COPY', ARGV[1] .. key, key, 'DB', 0)
end
"""

_HELD = (
    *(_KEYS.queue, _KEYS.events, _KEYS.sequence, _KEYS.finished, _KEYS.gone, _KEYS.index(), _KEYS.task(TASK)),
    *(_KEYS.index(state) for state in State),
    RESOURCE,
)
"""Every key that a scenario can make."""

_STEPS = {_LET_LEASES_RUN_OUT: "leases run out", _LOSE_EVERYTHING: LOSS}


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of a script, and what stands there instead: how a guard is taken out."""

    script: str
    old: str
    new: str

    def of(self, name: str, source: str) -> str:
        """A script's source with the change, where it is about it. Raises ValueError when there is no such text."""
        if self.script not in (name, "prelude"):
            return source
        if source.count(self.old) != 1:
            raise ValueError(f"{self.script}.lua has not exactly one: {self.old}")
        return source.replace(self.old, self.new)


class Command:
    """One command to Redis, which the scheduler carries out when it pleases."""

    def __init__(self, args: tuple[Any, ...], options: dict[str, Any]) -> None:
        self.args = args
        self.options = options

    def __await__(self) -> Generator["Command", Any, Any]:
        """Hand it over and take the answer."""
        return (yield self)


class Client(AsyncRedis):
    """A client that sends nothing: each command goes to the scheduler. `change` is made to what it registers."""

    def __init__(self, change: Change | None) -> None:
        super().__init__(decode_responses=True)
        self.names: dict[str, str] = {}
        self.sources: list[str] = []
        self._change = change

    def register_script(self, script: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        """Take a script of the store's, with the change in it."""
        name = next(name for name, body in _BODIES.items() if script.endswith(body))
        source = self._change.of(name, script) if self._change else script
        registered = super().register_script(source)
        self.names[str(registered.sha)] = name
        self.sources.append(source)
        return registered

    async def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        """Have the scheduler carry out a command."""
        return await Command(args, options)


@dataclass(frozen=True, slots=True)
class World:
    """What an actor can reach."""

    store: Mirror

    async def let_leases_run_out(self) -> None:
        """Have so much time pass, in one step, that every lease that is held now is over."""
        idle = 2 * LEASE_SECONDS * 1000
        await Command(("EVAL", _LET_LEASES_RUN_OUT, 1, _KEYS.queue, GROUP, idle), {})

    async def lose_everything(self) -> None:
        """Have Redis lose what it has; the resource stays."""
        keys = [key for key in _HELD if key != RESOURCE]
        await Command(("EVAL", _LOSE_EVERYTHING, len(keys), *keys, GROUP), {})

    async def end_of_the_resource(self) -> str | None:
        """How the resource has ended, if it has."""
        end: str | None = await Command(("GET", RESOURCE), {})
        return end

    async def end_the_resource(self, end: str) -> bool:
        """Write the end into the resource, unless it has one."""
        return bool(await Command(("SET", RESOURCE, end, "NX"), {}))


Behaviour = Callable[[World], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Who acts, after what, and who ends in a fair way whatever is left wherever the others were stopped."""

    setup: Behaviour
    actors: Mapping[str, Behaviour]
    fair: Callable[[World, Contents], Coroutine[Any, Any, None]]
    resource: bool = False
    """Whether there is a resource, which is to end as well."""
    in_queue: bool = True
    """Whether workers take the tasks from the queue; Pods of their own do not."""
    lost_answers: int = 0
    """How many of Redis's answers, any of them, do not arrive: redis-py sends the command again."""
    excused: str = ""
    """A script that does more when it is sent again, which is known and shown elsewhere."""


_WORD: ContextVar[str] = ContextVar("_WORD")
"""The word for the call that an actor makes now: the same each time that the actor is brought to that call."""


class _Repeatable(Mirror):
    """A store that is the same in every run."""

    def _word(self) -> str:
        return _WORD.get()


class _Actor:
    """A coroutine that was given some answers, and halts before its next command; `command` is None at its end."""

    def __init__(self, name: str, coroutine: Coroutine[Any, Any, None], answers: Sequence[Any] = ()) -> None:
        self.name = name
        self.command: Command | None = None
        self._coroutine = coroutine
        self._waits = 0
        self._calls = 0
        self.go_on(None)
        for answer in answers:
            self.go_on(answer)

    def go_on(self, answer: Any) -> None:  # noqa: ANN401 - what Redis answers
        """Run until the next command, or the end."""
        self._calls += 1
        _WORD.set(f"{self.name}-{self._calls}")
        try:
            halt = self._coroutine.send(answer)
            while isinstance(halt, asyncio.Future):  # it sleeps, and wakes when it is its turn
                self._waits += 1
                if self._waits > MAX_WAITS:
                    self.stop()
                    return
                halt.set_result(None)
                halt = self._coroutine.send(None)
            self.command = halt
        except StopIteration:
            self.command = None

    def stop(self) -> None:
        """Kill it where it is."""
        self._coroutine.close()
        self.command = None


@dataclass(frozen=True, slots=True)
class _State:
    """What Redis holds, as it is kept under a number, and what each actor that is not at its end was answered."""

    number: int
    contents: Contents
    answers: Mapping[str, tuple[Any, ...]]
    may_lose: int
    """How many more answers may be lost."""
    unheard: str
    """Whose answer was lost just now."""
    trace: tuple[str, ...]

    def standing(self) -> bytes:
        """What all that can still happen depends on."""
        text = _canonical(repr((self.contents, sorted(self.answers.items()), self.may_lose, self.unheard)))
        return hashlib.blake2b(text.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: how many states, steps between them, and orders; and the first broken promise."""

    states: int
    steps: int
    orders: int
    broken: str | None = None
    trace: str = ""

    def __str__(self) -> str:
        """For a person."""
        sizes = f"{self.states} states, {self.steps} steps, {self.orders} orders"
        return f"{sizes}: {self.broken}\n{self.trace}" if self.broken else sizes


def search(url: str, scenario: Scenario, change: Change | None = None) -> Found:
    """Take every order of a scenario's steps, until a promise is broken. With `change`, in one script.

    Raises ValueError when the text that the change is about is in no script, RuntimeError beyond MAX_STATES.
    """

    async def in_a_loop() -> Found:  # the actors may ask for one, though nothing waits in it
        with Redis.from_url(url, decode_responses=True) as server:
            return _Search(server, scenario, change).run()

    return asyncio.run(in_a_loop())


class _Search:
    """One search, on a Redis of its own; database 1 keeps the states that were met."""

    def __init__(self, server: Redis, scenario: Scenario, change: Change | None) -> None:
        self._server = server
        self._scenario = scenario
        self._client = Client(change)
        self._world = World(_Repeatable(self._client, _KEYS))
        self._after: dict[bytes, list[bytes]] = {}
        self._steps = 0
        self._trace: list[str] = []
        server.flushall()
        server.xgroup_create(_KEYS.queue, GROUP, id="0", mkstream=True)
        for source in self._client.sources:
            server.script_load(source)

    def run(self) -> Found:
        try:
            self._visit_all()
        except Violation as broken:
            trace = _canonical("\n".join(self._trace))
            return Found(len(self._after), self._steps, 0, _canonical(str(broken)), trace)
        return Found(len(self._after), self._steps, _paths(self._after))

    def _visit_all(self) -> None:
        contents = self._alone("setup", self._scenario.setup(self._world), self._contents())
        actors = dict.fromkeys(self._scenario.actors, ())
        first = _State(0, contents, actors, self._scenario.lost_answers, "", tuple(self._trace))
        met = deque([(first, first.standing())])
        self._meet(*met[0])
        while met:
            state, standing = met.popleft()
            for name, lost in product(state.answers, (False, True) if state.may_lose else (False,)):
                following = self._step_from(state, name, lost=lost)
                known = following.standing()
                self._after[standing].append(known)
                if known not in self._after:
                    met.append((following, known))
                    self._meet(following, known)

    def _meet(self, state: _State, standing: bytes) -> None:
        """Keep a state, and see that a fair actor ends what is left if everybody else stops there."""
        self._after[standing] = []
        if len(self._after) > MAX_STATES:
            raise RuntimeError(f"more than {MAX_STATES} states")
        assert self._server.eval(_KEEP, len(_HELD), *_HELD, state.number) == 0
        contents = self._alone("fair", self._scenario.fair(self._world, state.contents), state.contents)
        left = [task for task in contents.tasks if not contents.state(task).terminal]
        if left or (self._scenario.resource and contents.resource is None):
            raise Violation(f"{', '.join(left) or 'the resource'} never ends")
        if self._scenario.resource and any("before" in record for record in contents.tasks.values()):
            raise Violation("an end is never shown")

    def _step_from(self, state: _State, name: str, *, lost: bool) -> _State:
        """Have an actor take its next step in a state that was kept; with a lost answer, it is to take it again."""
        self._trace = list(state.trace)
        self._steps += 1
        actor = _Actor(name, self._scenario.actors[name](self._world), state.answers[name])
        try:
            answer, contents = self._step(actor, state.contents, state)
            answers = dict(state.answers)
            if lost:
                self._trace[-1] += " (lost)"
            else:
                answers[name] = (*answers[name], answer)
                actor.go_on(answer)
            if actor.command is None:
                del answers[name]
        finally:
            actor.stop()
        return _State(self._steps, contents, answers, state.may_lose - lost, name if lost else "", tuple(self._trace))

    def _alone(self, name: str, coroutine: Coroutine[Any, Any, None], contents: Contents) -> Contents:
        """Have an actor take all its steps, and nobody else any."""
        actor = _Actor(name, coroutine)
        try:
            while actor.command:
                answer, contents = self._step(actor, contents)
                actor.go_on(answer)
        finally:
            actor.stop()
        return contents

    def _step(self, actor: _Actor, before: Contents, state: _State | None = None) -> tuple[Any, Contents]:
        """Carry out an actor's command, in a state that is brought back if one is given. Raises Violation."""
        command = actor.command
        assert command is not None
        with self._server.pipeline(transaction=False) as calls:
            if state:
                calls.eval(_BRING_BACK, len(_HELD), *_HELD, state.number)
            calls.execute_command(*_at_once(command.args), **command.options)  # type: ignore[no-untyped-call]
            calls.eval(_READ, 1, _KEYS.queue, _KEYS.root, GROUP, *State)
            *_, answer, rows = calls.execute()
        contents = Contents.of(rows, LEASE_SECONDS)
        step = self._step_of(actor.name, command, answer)
        self._trace.append(str(step))
        check_step(before, contents, step)
        check_contents(contents, in_queue=self._scenario.in_queue)
        again = state is not None and state.unheard == actor.name and command.args[0] == "EVALSHA"
        if again and step.name != self._scenario.excused:
            check_again(before, contents, step)
        return answer, contents

    def _step_of(self, actor: str, command: Command, answer: Any) -> Step:  # noqa: ANN401 - what Redis answers
        name, *args = command.args
        if name == "EVALSHA":
            return Step(actor, self._client.names[args[0]], tuple(str(arg) for arg in args[3:]), answer)
        return Step(actor, _STEPS[args[0]] if name == "EVAL" else str(name), (), answer)

    def _contents(self) -> Contents:
        rows = self._server.eval(_READ, 1, _KEYS.queue, _KEYS.root, GROUP, *State)
        return Contents.of(rows, LEASE_SECONDS)


def _paths(after: Mapping[bytes, Sequence[bytes]]) -> int:
    """How many ways lead from the first state to an end. No state follows itself: every step takes an actor on."""

    @cache
    def ways(state: bytes) -> int:
        return sum(map(ways, after[state])) or 1

    return ways(next(iter(after)))


def _at_once(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """A command that does not wait: whoever finds nothing looks again when it is its turn."""
    for position, arg in enumerate(args):
        if arg in ("BLOCK", b"BLOCK"):
            return args[:position] + args[position + 2 :]
    return args


def _canonical(text: str) -> str:
    """A text with Redis's entry ids, which are times, replaced by their order, and without its other times."""
    found = set(re.findall(r"\d{13}-\d+", text))
    ids = sorted(found, key=lambda entry: tuple(map(int, entry.split("-"))))
    names = {entry: f"e{number}" for number, entry in enumerate(ids, 1)}
    text = re.sub(r"\d{13}-\d+", lambda match: names[match.group()], text)
    return re.sub(r"\b\d{13}\b", "some time", text)
