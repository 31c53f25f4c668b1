"""`Prefer: handling=strict`, by the API as a process on a real Redis."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import HTTPException
from quantum_api.routes import circuits
from quantum_qasm.check import check
from support.api_process import ApiProcess
from support.programs import BELL
from support.stores import run

STRICT = {"prefer": "handling=strict"}
WRONG = 'include "stdgates.inc";\nqubit[2] q;\nhh q;\nh q[2];\n'
DIAGNOSTICS = [
    {
        "code": "sem.undefined",
        "message": "Gate 'hh' is not defined.",
        "line": 3,
        "column": 1,
        "endLine": 3,
        "endColumn": 2,
        "hint": "did you mean 'h'?",
    },
    {
        "code": "sem.invalid",
        "message": "Index 2 is out of range: there are 2 elements.",
        "line": 4,
        "column": 5,
        "endLine": 4,
        "endColumn": 5,
        "hint": None,
    },
]


@pytest.fixture
def api(redis_url: str) -> Iterator[ApiProcess]:
    """An API whose tasks nobody runs."""
    with ApiProcess(redis_url) as api:
        yield api


def _refused(*loc: str | int) -> dict[str, Any]:
    """The body that the wrong program is refused with."""
    return {
        "status": "error",
        "message": f"Invalid request: {'.'.join(map(str, loc))}: 3:1: Gate 'hh' is not defined.",
        "errors": [
            {"loc": list(loc), "message": "3:1: Gate 'hh' is not defined."},
            {"loc": list(loc), "message": "4:5: Index 2 is out of range: there are 2 elements."},
        ],
        "diagnostics": DIAGNOSTICS,
    }


def _tasks(api: ApiProcess) -> list[Any]:
    tasks: list[Any] = api.client.get("/v1/tasks").raise_for_status().json()["tasks"]
    return tasks


@pytest.mark.parametrize(("path", "name"), [("/tasks", "qc"), ("/v1/tasks", "qasm")])
@pytest.mark.parametrize("prefer", ["handling=strict", "wait=30, handling=strict"])
def test_a_program_with_mistakes_makes_no_task(api: ApiProcess, path: str, name: str, prefer: str) -> None:
    """It is refused at once, with every mistake and its place, however long the client would wait for an end."""
    answer = api.client.post(path, json={name: WRONG}, headers={"prefer": prefer})
    assert (answer.status_code, answer.headers["preference-applied"]) == (400, "handling=strict")
    assert answer.json() == _refused("body", name)
    assert _tasks(api) == []


@pytest.mark.parametrize(("path", "name"), [("/tasks", "qc"), ("/v1/tasks", "qasm")])
def test_a_program_without_mistakes_is_accepted(api: ApiProcess, path: str, name: str) -> None:
    """As without the header, but that the answer tells what was applied."""
    answer = api.client.post(path, json={name: BELL}, headers={"prefer": "wait=0, handling=strict"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "wait=0, handling=strict")
    assert len(_tasks(api)) == 1


@pytest.mark.parametrize("prefer", [None, "handling=lenient", "respond-async"])
def test_without_the_header_mistakes_are_the_runners_to_tell(api: ApiProcess, prefer: str | None) -> None:
    """The program is accepted, and the answer has not a byte more than it had."""
    answer = api.client.post("/tasks", json={"qc": WRONG}, headers={"prefer": prefer} if prefer else {})
    [task] = _tasks(api)
    assert answer.status_code == 202
    assert answer.text == f'{{"task_id":"{task["id"]}","message":"Task submitted successfully."}}'
    assert "preference-applied" not in answer.headers


def test_what_qiskit_alone_is_to_read_is_not_checked(api: ApiProcess) -> None:
    """There is no Qiskit here, and the answer does not say that the preference was applied."""
    answer = api.client.post("/v1/tasks", json={"qasm": WRONG, "frontend": "qiskit"}, headers=STRICT)
    assert (answer.status_code, answer.headers.get("preference-applied")) == (202, None)
    items = [{"qasm": WRONG}, {"qasm": WRONG, "frontend": "qiskit"}]
    outcomes = api.client.post("/v1/tasks:batch", json={"tasks": items}, headers=STRICT).json()["outcomes"]
    assert [outcome["status"] for outcome in outcomes] == [400, 202]


def test_a_request_that_is_wrong_is_refused_as_ever(api: ApiProcess) -> None:
    """The shape of the body comes first."""
    answer = api.client.post("/tasks", json={"qc": WRONG, "shots": 0}, headers=STRICT)
    assert answer.status_code == 400
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", "shots"]]
    assert "diagnostics" not in answer.json()


def test_each_task_of_a_batch_is_refused_by_itself(api: ApiProcess) -> None:
    """In its place, with what it would be refused with alone; the others are accepted."""
    items = [{"qasm": WRONG}, {"qasm": BELL}, {"qasm": BELL, "shots": 0}, {"qasm": WRONG, "shots": 7}]
    answer = api.client.post("/v1/tasks:batch", json={"tasks": items}, headers=STRICT)
    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "handling=strict")
    first, accepted, misshapen, last = answer.json()["outcomes"]
    assert first == {"status": 400, "error": _refused("body", "tasks", 0, "qasm")}
    assert last == {"status": 400, "error": _refused("body", "tasks", 3, "qasm")}
    assert (accepted["status"], misshapen["status"]) == (202, 400)
    assert [task["id"] for task in _tasks(api)] == [accepted["task"]["id"]]


def test_many_mistakes_are_told_up_to_a_number(api: ApiProcess) -> None:
    """One answer names twenty of them."""
    answer = api.client.post("/v1/tasks", json={"qasm": "x q;\n" * 1000}, headers=STRICT)
    assert answer.status_code == 400
    assert [len(answer.json()[name]) for name in ("errors", "diagnostics")] == [20, 20]


def test_a_batch_waits_for_its_turn_as_one_and_each_program_is_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many programs it has; where too many requests wait, it is sent away as a whole."""
    read: list[str] = []

    def noted(text: str) -> object:
        read.append(text)
        return check(text)

    monkeypatch.setattr("quantum_api.routes.circuits.check", noted)

    async def scenario() -> None:
        turns = circuits.Turns()
        batches = [
            asyncio.create_task(turns.errors_of([BELL, WRONG, *[BELL] * 1000]))
            for _ in range(circuits.MOST_WAITING + 1)
        ]
        await asyncio.sleep(0)
        with pytest.raises(HTTPException, match="Too many programs are being checked"):
            await turns.errors_of([BELL])
        for found in await asyncio.gather(*batches):
            assert {qasm: len(errors) for qasm, errors in found.items()} == {BELL: 0, WRONG: 2}

    run(scenario())
    assert read.count(BELL) == circuits.MOST_WAITING + 1
    assert len(read) == 2 * read.count(BELL)
