"""`POST /v1/circuits:check`, by the API as a process."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from fastapi import HTTPException
from quantum_api.routes import circuits
from quantum_qasm.check import check
from support.api_process import ApiProcess
from support.programs import BELL
from support.stores import run

PATH = "/v1/circuits:check"


@pytest.fixture
def api(redis_url: str) -> Iterator[ApiProcess]:
    """An API whose tasks nobody runs."""
    with ApiProcess(redis_url) as api:
        yield api


def test_a_program_that_is_right_is_valid(api: ApiProcess) -> None:
    """It has no error, and what it takes to run it is known."""
    answer = api.client.post(PATH, json={"qasm": BELL})
    assert answer.status_code == 200
    assert answer.json() == {
        "valid": True,
        "errors": [],
        "warnings": [],
        "qubits": 2,
        "bits": 2,
        "depth": 3,
        "gates": {"h": 1, "cx": 1},
        "engine": "direct",
        "method": "statevector",
        "memoryBytes": 64,
    }


def test_what_depends_on_a_measurement_is_null(api: ApiProcess) -> None:
    """Nobody knows it before the program runs."""
    qasm = 'include "stdgates.inc"; qubit[30] q; bit c; while (!c) { h q; c = measure q[0]; }'
    body = api.client.post(PATH, json={"qasm": qasm}).raise_for_status().json()
    assert (body["valid"], body["qubits"], body["bits"]) == (True, 30, 1)
    assert {body[name] for name in ("depth", "gates", "engine", "method", "memoryBytes")} == {None}


def test_a_program_that_never_ends_is_answered(api: ApiProcess) -> None:
    """What it amounts to is not looked for any longer than some steps."""
    body = api.client.post(PATH, json={"qasm": "int[4096] i; while (true) { i += i ** i; }"}).raise_for_status().json()
    assert (body["valid"], body["depth"]) == (True, None)


def test_every_mistake_has_its_place(api: ApiProcess) -> None:
    """All of them at once, with codes, and what may be meant; warnings are apart."""
    qasm = 'include "stdgates.inc";\nqubit[2] q;\nhh q;\nfloat f = 3 / 5;\nh q[2];\n'
    body = api.client.post(PATH, json={"qasm": qasm}).raise_for_status().json()
    assert body["valid"] is False
    assert {value for name, value in body.items() if name not in ("valid", "errors", "warnings")} == {None}
    assert body["errors"] == [
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
            "line": 5,
            "column": 5,
            "endLine": 5,
            "endColumn": 5,
            "hint": None,
        },
    ]
    assert [(found["code"], found["line"]) for found in body["warnings"]] == [("sem.integer_division", 4)]


@pytest.mark.parametrize("qasm", ["{" * 5000, "(" * 5000, "if (true) " * 140 + "x q;", "x" * 100_000, "\x00", "\xb2"])
def test_any_text_is_checked(api: ApiProcess, qasm: str) -> None:
    """What is no program has an error, and the API goes on."""
    body = api.client.post(PATH, json={"qasm": qasm}).raise_for_status().json()
    assert not body["valid"]
    assert body["errors"][0]["line"] == 1


@pytest.mark.parametrize("body", [{}, {"qasm": ""}, {"qasm": 1}, {"qc": BELL}, {"qasm": BELL, "shots": 3}])
def test_a_body_of_another_shape_is_refused(api: ApiProcess, body: dict[str, object]) -> None:
    """As everywhere."""
    answer = api.client.post(PATH, json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_one_program_is_checked_at_a_time_and_few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """More are sent away at once."""
    begun, go_on = threading.Event(), threading.Event()
    together: list[str] = []

    def slow(text: str) -> object:
        together.append(text)
        begun.set()
        assert go_on.wait(30)
        return check(text)

    monkeypatch.setattr("quantum_api.routes.circuits.check", slow)

    async def scenario() -> None:
        turns = circuits.Turns()
        waiting = [asyncio.create_task(turns.checked(BELL)) for _ in range(circuits.MOST_WAITING + 1)]
        await asyncio.to_thread(begun.wait, 30)
        assert len(together) == 1
        with pytest.raises(HTTPException, match="Too many programs are being checked"):
            await turns.checked(BELL)
        go_on.set()
        assert all(found.valid for found in await asyncio.gather(*waiting))
        assert (await turns.checked(BELL)).valid

    run(scenario())
