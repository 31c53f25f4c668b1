"""What every task is like once all is healed: asked at both doors, in a whole listing, and of the cluster."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import inf
from time import monotonic, sleep
from typing import Any

import httpx
from chaos.history import KEPT_HEADERS, MAX_PAGES, Answered, Entry, Exchange
from chaos.verdict.checker import Final
from chaos.verdict.sights import MalformedError, sights_of
from quantum_api.schemas.resources import TaskList, TaskResource
from quantum_tasks.states import Phase, State

_OPEN = [phase for phase in Phase if not State.of(phase).terminal]
_PAGE = 100
_AT_ONCE = 8
_POLL_SECONDS = 0.5
_PATIENCES = 5
_QUIET_LOOKS = 2
"""How often in a row no task is to be open: one look asks phase by phase, and a task may go from one to another."""


def settle(url: str, patience_seconds: float) -> bool:
    """Wait until every task has ended. Returns whether they have: if not, the checker will say which have not.

    On a busy machine there may be much left to do: it is given up once no task has ended for `patience_seconds`, and
    after `_PATIENCES` of them in any case.
    """
    start = moved = monotonic()
    fewest, quiet = inf, 0
    with _client(url) as http:
        while (now := monotonic()) < min(moved + patience_seconds, start + _PATIENCES * patience_seconds):
            left = sum(_open_tasks(http, phase) for phase in _OPEN)
            if left < fewest:
                fewest, moved = left, now
            quiet = 0 if left else quiet + 1
            if quiet == _QUIET_LOOKS:
                return True
            sleep(_POLL_SECONDS)
    return False


def gather(url: str, history: Sequence[Entry], objects: Mapping[str, Mapping[str, Any]] | None) -> Final:
    """Ask for every task that the history or the listing knows. Raises httpx.HTTPError: nothing is in the way now."""
    with _client(url) as http, ThreadPoolExecutor(_AT_ONCE) as pool:
        listing = list(_listing(http))
        ids = sorted({task.id for task in listing} | set(_seen(history)))
        resources = pool.map(lambda task: _get(http, f"/v1/tasks/{task}"), ids)
        results = pool.map(lambda task: _get(http, f"/tasks/{task}"), ids)
        return Final(dict(zip(ids, resources, strict=True)), dict(zip(ids, results, strict=True)), listing, objects)


def _client(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, trust_env=False, timeout=60)


def _open_tasks(http: httpx.Client, phase: Phase) -> float:
    """How many tasks are in a phase; more than any number while that is not known."""
    try:
        return sum(1 for _ in _listing(http, phase=phase))
    except httpx.HTTPStatusError:
        return inf


def _listing(http: httpx.Client, **query: str) -> Iterator[TaskResource]:
    cursor: dict[str, str] = {}
    for _ in range(MAX_PAGES):
        page = TaskList.model_validate_json(
            http.get("/v1/tasks", params={"limit": _PAGE, **query, **cursor}).raise_for_status().text
        )
        yield from page.tasks
        if page.next_cursor is None:
            return
        cursor = {"cursor": str(page.next_cursor)}
    raise AssertionError(f"a listing of more than {MAX_PAGES} pages")


def _seen(history: Iterable[Entry]) -> Iterator[str]:
    """Every task that an answer showed, or that was asked for."""
    for line, entry in enumerate(history, 1):
        if not isinstance(entry, Exchange):
            continue
        if entry.operation.task is not None:
            yield entry.operation.task
        try:
            sights = sights_of(line, entry)
        except MalformedError:
            continue  # the checker says so
        yield from (sight.task for sight in sights)


def _get(http: httpx.Client, path: str) -> Answered:
    answer = http.get(path)
    headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
    return Answered(answer.status_code, answer.text, headers)
