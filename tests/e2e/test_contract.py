"""The contract over HTTP, route by route, as docs/design.md's table and the OpenAPI document promise it."""

import json
import math
import re
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import httpx
import pytest
from quantum_tasks.states import Phase, Reason
from quantum_tasks.task import DEFAULT_SHOTS, MAX_PROGRAM_BYTES, MAX_SEED, MAX_SHOTS, Method
from support.client import NOT_FOUND, PENDING, Body, Client, assert_error, assert_refused
from support.programs import BELL, ENDLESS, NOT_A_PROGRAM
from support.raw_http import exchange, head
from support.waiting import eventually

SUBMITTED = "Task submitted successfully."
OVERSIZED_BYTES = 20 * 1024 * 1024
HUGE_INTEGER = "9" * 100_000
DEEP = 100_000

Endless = Callable[[], str]


@pytest.fixture
def endless(client: Client) -> Iterator[Endless]:
    """Submit a program that never ends by itself; it is cancelled when the test is over."""
    submitted: list[str] = []

    def submit() -> str:
        submitted.append(client.submit(ENDLESS))
        return submitted[-1]

    yield submit
    for task_id in submitted:
        client.cancel(task_id)


@pytest.fixture(scope="module")
def bell(client: Client) -> str:
    """A task that has succeeded."""
    task_id = client.submit(BELL, shots=100, seed=7)
    client.counts(task_id)
    return task_id


@pytest.fixture(scope="module")
def failed(client: Client) -> str:
    """A task that has failed, because its program does not parse."""
    task_id = client.submit(NOT_A_PROGRAM)
    assert client.wait(task_id)["status"] == "error"
    return task_id


def body_of(**fields: object) -> bytes:
    """A JSON body with these fields."""
    return json.dumps(fields).encode()


# --- POST /tasks: accepted


def test_a_submission_answers_202_with_an_id_and_nothing_else(client: Client) -> None:
    """A task is accepted with exactly its id and the agreed sentence."""
    answer = client.post(body_of(qc=BELL))
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"task_id", "message"}
    assert body["message"] == SUBMITTED
    assert str(uuid.UUID(body["task_id"])) == body["task_id"]


def test_every_submission_is_another_task(client: Client) -> None:
    """The same body twice, without a key, makes two tasks."""
    assert client.submit(BELL) != client.submit(BELL)


def test_a_finished_task_answers_its_counts_and_nothing_else(client: Client, bell: str) -> None:
    """A completed task is exactly its status and its counts."""
    body = client.result(bell)
    assert set(body) == {"status", "result"}
    assert body["status"] == "completed"
    assert set(body["result"]) <= {"00", "11"}
    assert sum(body["result"].values()) == 100


def test_an_unfinished_task_is_pending(client: Client, endless: Endless) -> None:
    """A task that is queued or running answers exactly the agreed body."""
    task_id = endless()
    assert client.result(task_id) == PENDING
    client.in_phase(task_id, Phase.RUNNING)
    assert client.result(task_id) == PENDING


def test_a_failed_task_answers_error_and_why(client: Client, failed: str) -> None:
    """A failed task is exactly its status and a message for a person."""
    body = client.result(failed)
    assert set(body) == {"status", "message"}
    assert body["status"] == "error"
    assert body["message"]


def test_a_cancelled_task_answers_error_and_why(client: Client, endless: Endless) -> None:
    """A cancelled task is exactly the status `error` and a message for a person."""
    task_id = endless()
    assert client.cancel(task_id).status_code == 200
    body = client.result(task_id)
    assert set(body) == {"status", "message"}
    assert body["status"] == "error"
    assert body["message"]


def test_a_program_that_does_not_parse_is_accepted_and_fails_with_its_place(client: Client) -> None:
    """The parser's message comes with the line and the column, in words at the one door and as fields at the other."""
    task_id = client.submit(NOT_A_PROGRAM)
    body = client.wait(task_id)
    assert body["status"] == "error"
    error = client.resource(task_id)["error"]
    assert error["code"] == "syntax.invalid"
    assert error["line"] == 3
    assert error["column"] >= 1
    assert f"3:{error['column']}" in body["message"]


def test_a_gate_that_is_not_declared_is_an_error_with_its_line(client: Client) -> None:
    """A program that parses but means nothing fails with its place."""
    task_id = client.submit("OPENQASM 3.0;\nqubit[1] q;\nbit[1] c;\n\nnosuchgate q[0];\nc = measure q;\n")
    assert client.wait(task_id)["status"] == "error"
    resource = client.resource(task_id)
    assert resource["reason"] == Reason.INVALID_PROGRAM
    assert resource["error"]["line"] == 5


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"]
)
def test_json_may_name_its_charset(client: Client, content_type: str) -> None:
    """The media type is compared as HTTP compares it: without case and without parameters."""
    answer = client.http.post("/tasks", content=body_of(qc=BELL), headers={"content-type": content_type})
    assert answer.status_code == 202


# --- options


def test_shots_are_1024_unless_told(client: Client) -> None:
    """Without `shots` the counts sum to the default."""
    assert DEFAULT_SHOTS == 1024
    assert sum(client.run(BELL).values()) == 1024


@pytest.mark.parametrize("shots", [1, 2, 1000, 54_321])
def test_counts_sum_to_the_shots(client: Client, shots: int) -> None:
    """Every shot is counted once."""
    assert sum(client.run(BELL, shots=shots).values()) == shots


def test_the_largest_number_of_shots_runs(client: Client) -> None:
    """The upper bound itself is allowed."""
    assert sum(client.run(BELL, shots=MAX_SHOTS).values()) == 1_000_000


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_equal_seeds_give_equal_counts(client: Client, seed: int) -> None:
    """A seed, its bounds included, fixes the counts."""
    assert client.run(BELL, shots=10_000, seed=seed) == client.run(BELL, shots=10_000, seed=seed)


def test_other_seeds_give_other_counts(client: Client) -> None:
    """The seed is used: five of them do not all give the same counts."""
    assert len({tuple(sorted(client.run(BELL, shots=10_000, seed=seed).items())) for seed in range(5)}) > 1


def test_no_seed_draws_one(client: Client) -> None:
    """Without a seed, runs differ."""
    assert len({tuple(sorted(client.run(BELL, shots=10_000).items())) for _ in range(5)}) > 1


def test_a_drawn_seed_is_named_and_repeats_the_run(client: Client) -> None:
    """The result names the seed that was drawn, and running with it gives the same counts."""
    task_id = client.submit(BELL, shots=10_000)
    counts = client.counts(task_id)
    assert client.run(BELL, shots=10_000, seed=client.resource(task_id)["result"]["seed"]) == counts


@pytest.mark.parametrize("method", list(Method))
def test_every_method_runs_a_bell_pair(client: Client, method: Method) -> None:
    """Each method gives the same distribution, and the result names the one that ran."""
    task_id = client.submit(BELL, shots=1000, method=method)
    counts = client.counts(task_id)
    assert set(counts) == {"00", "11"}
    ran = client.resource(task_id)["result"]["method"]
    assert ran in set(Method) - {Method.AUTOMATIC}
    assert method in {ran, Method.AUTOMATIC}


def test_a_method_that_cannot_run_the_program_is_an_error(client: Client) -> None:
    """A stabilizer simulation of a T gate fails and says so."""
    program = BELL.replace("h q[0];", "h q[0]; t q[0]; h q[0];")
    task_id = client.submit(program, method="stabilizer")
    assert client.wait(task_id)["status"] == "error"
    assert client.resource(task_id)["error"]["code"] == "engine.method"


@pytest.mark.parametrize("option", ["shots", "seed", "method", "frontend", "inputs"])
def test_a_null_option_is_refused_or_left_out(client: Client, option: str) -> None:
    """A null is either a 400 that names the option, or the same as leaving it out."""
    answer = client.post(body_of(qc=BELL, **{option: None}))
    if answer.status_code == 400:
        assert any(option in error["loc"] for error in assert_refused(answer)["errors"])
    else:
        assert answer.status_code == 202
        assert sum(client.counts(answer.json()["task_id"]).values()) == DEFAULT_SHOTS


# --- the counts' order


def test_bit_zero_is_rightmost(client: Client) -> None:
    """Within a register the first bit stands at the right, as in Qiskit."""
    program = 'OPENQASM 3.0; include "stdgates.inc"; qubit[3] q; bit[3] c; x q[0]; c = measure q;'
    assert client.run(program, shots=10) == {"001": 10}


def test_registers_are_joined_by_a_space_the_last_declared_first(client: Client) -> None:
    """Registers of several sizes stand in the reverse order of their declarations."""
    program = """OPENQASM 3.0;
include "stdgates.inc";
qubit[6] q;
bit[2] a;
bit[1] b;
bit[3] c;
x q[0];
x q[3];
a[0] = measure q[0];
a[1] = measure q[1];
b[0] = measure q[2];
c[0] = measure q[3];
c[1] = measure q[4];
c[2] = measure q[5];
"""
    assert client.run(program, shots=10) == {"001 0 01": 10}


def test_a_register_that_is_never_measured_is_zeros(client: Client) -> None:
    """A declared register has its place in the key, measured or not."""
    program = 'OPENQASM 3.0; include "stdgates.inc"; qubit[1] q; bit[1] a; bit[2] b; x q[0]; a[0] = measure q[0];'
    assert client.run(program, shots=10) == {"00 1": 10}


def test_a_single_bit_is_a_register_of_one(client: Client) -> None:
    """`bit c;` counts as `bit[1] c;` does."""
    program = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;'
    assert client.run(program, shots=10) == {"1": 10}


def test_a_branch_on_a_measured_bit_runs(client: Client) -> None:
    """A program may act on what it measured."""
    program = """OPENQASM 3.0;
include "stdgates.inc";
qubit[2] q;
bit[2] c;
x q[0];
c[0] = measure q[0];
if (c[0] == 1) { x q[1]; }
c[1] = measure q[1];
"""
    assert client.run(program, shots=10) == {"11": 10}


@pytest.mark.parametrize(
    "comment",
    [
        "// Schrödinger, 量子, квант",
        "// \U0001f408\u200d\u2b1b \U0001f600",
        "// \u202eright to left\u202c",
        "/* \u00e9\u0301 \ufeff \u2028 */",
    ],
)
def test_comments_hold_any_language(client: Client, comment: str) -> None:
    """A comment's script does not change the counts."""
    program = BELL.replace("h q[0];", f"{comment}\nh q[0];")
    assert set(client.run(program, shots=200)) == {"00", "11"}


# --- POST /tasks: refused

MALFORMED = {
    "empty": b"",
    "space": b" \n",
    "open object": b"{",
    "word": b"qc",
    "single quotes": b"{'qc': 'x'}",
    "trailing comma": b'{"qc": "x",}',
    "trailing garbage": b'{"qc": "x"} x',
    "two objects": b'{"qc": "x"}{"qc": "x"}',
    "comment": b'{"qc": "x" /* why */}',
    "array": b"[]",
    "array of a task": b'[{"qc": "x"}]',
    "number": b"3",
    "huge number": HUGE_INTEGER.encode(),
    "string": b'"OPENQASM 3.0;"',
    "true": b"true",
    "null": b"null",
    "NaN": b"NaN",
    "deep arrays": b"[" * DEEP,
    "closed deep arrays": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"qc":' * DEEP,
    "deep value": b'{"qc": "x", "seed": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep unknown value": b'{"qc": "x", "extra": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "invalid UTF-8": b'{"qc": "\xff\xfe"}',
    "overlong UTF-8": b'{"qc": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"qc": "\xed\xa0\x80"}',
    "UTF-16": '{"qc": "x"}'.encode("utf-16"),
    "raw control byte": b'{"qc": "a\x00b"}',
    "raw newline": b'{"qc": "a\nb"}',
    "lone surrogate": b'{"qc": "OPENQASM 3.0; // \\ud800"}',
    "reversed surrogates": b'{"qc": "\\udc00\\ud800"}',
    "bad escape": b'{"qc": "\\x41"}',
    "duplicate qc": b'{"qc": "a", "qc": "b"}',
    "duplicate shots": b'{"qc": "x", "shots": 1, "shots": 2}',
    "form": b"qc=OPENQASM+3.0%3B",
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in MALFORMED.items()])
@pytest.mark.parametrize("path", ["/tasks", "/v1/tasks"])
def test_malformed_json_is_a_typed_400(client: Client, path: str, body: bytes) -> None:
    """What is not one JSON object of the agreed kind is refused at both doors, in the one shape."""
    assert_refused(client.post(body.replace(b'"qc"', b'"qasm"') if path == "/v1/tasks" else body, path))


BAD_PROGRAMS = {
    "missing": {},
    "null": {"qc": None},
    "empty": {"qc": ""},
    "only space": {"qc": " \t\r\n "},
    "number": {"qc": 1},
    "boolean": {"qc": True},
    "array": {"qc": [BELL]},
    "object": {"qc": {"qasm": BELL}},
}


@pytest.mark.parametrize("fields", [pytest.param(fields, id=name) for name, fields in BAD_PROGRAMS.items()])
def test_a_program_that_is_no_text_is_a_400_that_names_it(client: Client, fields: Body) -> None:
    """A missing, empty or non-string program is refused by the name of its field, at both doors."""
    body = assert_refused(client.post(body_of(**fields)))
    assert any("qc" in error["loc"] for error in body["errors"]), body
    renamed = {"qasm" if name == "qc" else name: value for name, value in fields.items()}
    body = assert_refused(client.post(body_of(**renamed), "/v1/tasks"))
    assert any("qasm" in error["loc"] for error in body["errors"]), body


BAD_OPTIONS = [
    *(
        ("shots", text)
        for text in ("0", "-1", "1000001", '"5"', "1.5", "true", "false", "[]", "{}", "NaN", "Infinity", '""')
    ),
    ("shots", HUGE_INTEGER),
    ("shots", "1e400"),
    *(("seed", text) for text in ("-1", str(2**31), '"x"', '"1"', "0.5", "true", "[1]", "{}", "NaN", "-Infinity")),
    ("seed", HUGE_INTEGER),
    *(("frontend", text) for text in ('"Qiskit"', '""', "1", "null", "[]")),
    *(("inputs", text) for text in ("null", "1", '"a"', "[]", '{"a": null}', '{"a": {}}', '{"a": [[{}]]}')),
    ("inputs", f'{{"a": {HUGE_INTEGER}}}'),
    ("inputs", f'{{"a": "{"1" * 1025}"}}'),
    ("inputs", f'{{"a": {[1] * 600}}}'),
    ("inputs", f'{{"a": {"[" * 500}{"]" * 500}}}'),
    ("inputs", json.dumps({f"a{number}": 1 for number in range(65)})),
    *(("method", text) for text in ('"gpu"', '""', '"Statevector"', '" statevector"', "1", "true", "[]", "{}")),
]


@pytest.mark.parametrize(
    ("option", "text"),
    [pytest.param(option, text, id=f"{option}={text[:12]}{len(text)}") for option, text in BAD_OPTIONS],
)
@pytest.mark.parametrize(("path", "field"), [("/tasks", "qc"), ("/v1/tasks", "qasm")])
def test_a_bad_option_is_a_400(client: Client, path: str, field: str, option: str, text: str) -> None:
    """An option of the wrong type or out of its bounds is refused; nothing is guessed or rounded."""
    body = f'{{"{field}": {json.dumps(BELL)}, "{option}": {text}}}'.encode()
    refusal = assert_refused(client.post(body, path))
    # NaN and Infinity are not JSON, so their refusal is of the whole body.
    if not {"N", "I"} & set(text):
        assert any(option in error["loc"] for error in refusal["errors"]), refusal["errors"][:3]


@pytest.mark.parametrize("key", ["shot", "Shots", "qasm", "id", "__class__", "", "\u0000", "priority"])
def test_an_unknown_key_is_a_400_that_names_it(client: Client, key: str) -> None:
    """A key that the contract does not have is refused and named."""
    body = assert_refused(client.post(body_of(qc=BELL, **{key: 1})))
    assert any(key in error["loc"] for error in body["errors"]), body


def test_several_faults_are_reported_together(client: Client) -> None:
    """A body with three bad fields names all three."""
    body = assert_refused(client.post(body_of(qc=BELL, shots=0, seed=-1, method="gpu")))
    assert {part for error in body["errors"] for part in error["loc"]} >= {"shots", "seed", "method"}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"]
)
@pytest.mark.parametrize(("path", "field"), [("/tasks", "qc"), ("/v1/tasks", "qasm")])
def test_another_media_type_is_a_400(client: Client, path: str, field: str, content_type: str) -> None:
    """JSON must say that it is JSON."""
    answer = client.http.post(path, content=body_of(**{field: BELL}), headers={"content-type": content_type})
    assert_refused(answer)


# --- sizes


def test_a_program_of_the_largest_size_is_accepted(client: Client) -> None:
    """A program of exactly the limit, in bytes of UTF-8, runs."""
    comment = "// " + "x" * 1000 + "\n"
    program = BELL + comment * ((MAX_PROGRAM_BYTES - len(BELL)) // len(comment))
    program += "\n" * (MAX_PROGRAM_BYTES - len(program))
    assert len(program.encode()) == MAX_PROGRAM_BYTES
    assert sum(client.counts(client.submit(program), 120).values()) == DEFAULT_SHOTS


def test_a_program_over_the_largest_size_is_refused_or_fails(client: Client) -> None:
    """One byte over the limit is a typed refusal, or a task that ends in error; it never runs."""
    program = BELL + "\n" * (MAX_PROGRAM_BYTES + 1 - len(BELL))
    answer = client.post(body_of(qc=program))
    if answer.status_code == 202:
        assert client.wait(answer.json()["task_id"])["status"] == "error"
    else:
        assert_error(answer, answer.status_code)
        assert answer.status_code in {400, 413}


@pytest.mark.parametrize("path", ["/tasks", "/v1/tasks"])
def test_a_body_over_the_limit_is_a_413(client: Client, path: str) -> None:
    """A body that announces its size is refused by it."""
    assert_error(client.post(body_of(qc="x" * OVERSIZED_BYTES), path), 413)


def test_a_chunked_body_over_the_limit_is_a_413(base_url: str) -> None:
    """A body that announces no size is refused once it is over the limit."""
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    start = head("POST", "/tasks", content_type="application/json", transfer_encoding="chunked")
    pieces = [start, b'8\r\n{"qc": "\r\n', *([chunk] * (OVERSIZED_BYTES // 0x10000)), b'2\r\n"}\r\n', b"0\r\n\r\n"]
    answer = exchange(base_url, pieces)
    assert answer.status == 413
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert body["status"] == "error"
    assert {"status", "message"} <= set(body) <= {"status", "message", "errors"}


def test_an_announced_size_over_the_limit_is_a_413_before_the_body(base_url: str) -> None:
    """A client that announces ten gigabytes and sends a few bytes is refused at once."""
    start = head("POST", "/tasks", content_type="application/json", content_length=str(10**10))
    answer = exchange(base_url, [start, b'{"qc": "x"'], deadline_seconds=10)
    assert answer.status == 413
    assert answer.json()["status"] == "error"


def test_an_announced_size_under_the_real_one_cuts_the_body(client: Client, base_url: str) -> None:
    """Only the announced bytes are the body: the rest is not, and the cut body is malformed."""
    start = head("POST", "/tasks", content_type="application/json", content_length="10")
    answer = exchange(base_url, [start, body_of(qc=BELL)])
    assert answer.status == 400
    assert client.http.get("/readyz").status_code == 200


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "10, 20", "9" * 400])
def test_a_size_that_is_no_number_is_a_client_error(client: Client, base_url: str, length: str) -> None:
    """A Content-Length that means nothing is refused, and the server goes on."""
    start = head("POST", "/tasks", content_type="application/json", content_length=length)
    assert 400 <= exchange(base_url, [start, b'{"qc": "x"}'], deadline_seconds=10).status < 500
    assert client.http.get("/readyz").status_code == 200


def test_a_body_that_never_comes_holds_up_nobody(client: Client, base_url: str) -> None:
    """A client that leaves in the middle of its body is forgotten."""
    start = head("POST", "/tasks", content_type="application/json", content_length="1000")
    with pytest.raises(TimeoutError):
        exchange(base_url, [start, b'{"qc": "'], deadline_seconds=0.5)
    assert client.http.get("/readyz").status_code == 200


# --- GET /tasks/{id}: unknown


@pytest.mark.parametrize(
    "task_id",
    [
        "00000000-0000-0000-0000-000000000000",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "abc",
        "1",
        "null",
        "*",
        "%00",
        "%0d%0aSet-Cookie:%20a=b",
        "%F0%9F%90%88",
        "%ff%fe",
        "..%5c..%5cetc",
        "{}",
        "'; drop table tasks; --",
        "f47ac10b-58cc-4372-a567-0e02b2c3d47",
        "x" * 5000,
    ],
)
def test_an_unknown_or_malformed_id_is_the_same_404(client: Client, task_id: str) -> None:
    """An id that no task has answers exactly the agreed body, whatever it looks like."""
    answer = client.http.get(f"/tasks/{task_id}")
    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND
    assert_error(client.http.get(f"/v1/tasks/{task_id}"), 404)
    assert_error(client.http.post(f"/v1/tasks/{task_id}/cancel"), 404)
    assert_error(client.http.delete(f"/v1/tasks/{task_id}"), 404)


@pytest.mark.parametrize("path", ["/", "/nosuch", "/task", "/tasks/a/b/c", "/v1", "/v1/nosuch", "/v2/tasks", "/%00"])
def test_an_unknown_path_is_a_404_in_the_one_shape(client: Client, path: str) -> None:
    """A path that is no route answers as an error of the contract."""
    assert_error(client.http.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/tasks", {"POST"}),
        ("PUT", "/tasks", {"POST"}),
        ("DELETE", "/tasks", {"POST"}),
        ("PATCH", "/tasks", {"POST"}),
        ("POST", "/tasks/{id}", {"GET"}),
        ("PUT", "/tasks/{id}", {"GET"}),
        ("DELETE", "/tasks/{id}", {"GET"}),
        ("PUT", "/v1/tasks", {"GET", "POST"}),
        ("DELETE", "/v1/tasks", {"GET", "POST"}),
        ("POST", "/v1/tasks/{id}", {"GET", "DELETE"}),
        ("PATCH", "/v1/tasks/{id}", {"GET", "DELETE"}),
        ("GET", "/v1/tasks/{id}/cancel", {"POST"}),
        ("POST", "/healthz", {"GET"}),
        ("POST", "/readyz", {"GET"}),
    ],
)
def test_a_wrong_method_is_a_405_that_lists_the_right_ones(
    client: Client, bell: str, method: str, path: str, allowed: set[str]
) -> None:
    """A path that exists answers another method with every method that it has."""
    answer = client.http.request(method, path.format(id=bell))
    assert_error(answer, 405)
    assert {word.strip() for word in answer.headers["allow"].split(",")} - {"HEAD", "OPTIONS"} == allowed


# --- Prefer: wait


def test_a_submission_that_waits_answers_the_result(client: Client) -> None:
    """`Prefer: wait` makes the submission answer with the finished task."""
    answer = client.post(body_of(qc=BELL, shots=50), prefer="wait=30")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"task_id", "status", "result"}
    assert body["status"] == "completed"
    assert sum(body["result"].values()) == 50
    assert answer.headers["preference-applied"] == "wait=30"
    assert client.result(body["task_id"]) == {"status": "completed", "result": body["result"]}


def test_a_submission_that_waits_answers_the_failure(client: Client) -> None:
    """A task that fails in time answers its failure in place of a result."""
    answer = client.post(body_of(qc=NOT_A_PROGRAM), prefer="wait=30")
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"task_id", "status", "message"}
    assert {name: body[name] for name in ("status", "message")} == client.result(body["task_id"])


def test_a_submission_that_waits_in_vain_answers_the_ordinary_202(client: Client) -> None:
    """When the task is not done in time, the answer is the one without the preference, and not before the time."""
    start = time.monotonic()
    answer = client.post(body_of(qc=ENDLESS), prefer="wait=1")
    took = time.monotonic() - start
    body = answer.json()
    client.cancel(body["task_id"])
    assert answer.status_code == 202
    assert body == {"task_id": body["task_id"], "message": SUBMITTED}
    assert 0.9 <= took < 10


def test_a_poll_that_waits_answers_when_the_time_is_over(client: Client, endless: Endless) -> None:
    """A wait on a task that goes on lasts as long as was asked for, and answers pending."""
    start = time.monotonic()
    answer = client.http.get(f"/tasks/{endless()}", headers={"prefer": "wait=1"})
    assert 0.9 <= time.monotonic() - start < 10
    assert (answer.status_code, answer.json()) == (200, PENDING)
    assert answer.headers["preference-applied"] == "wait=1"


def test_a_poll_that_waits_answers_as_soon_as_the_task_ends(client: Client, endless: Endless) -> None:
    """The end of the task ends the wait."""
    task_id = endless()
    client.in_phase(task_id, Phase.RUNNING)
    with ThreadPoolExecutor(1) as pool:
        start = time.monotonic()
        waiting = pool.submit(client.http.get, f"/tasks/{task_id}", headers={"prefer": "wait=30"})
        assert client.cancel(task_id).status_code == 200
        answer = waiting.result(60)
    assert answer.json()["status"] == "error"
    assert time.monotonic() - start < 15


def test_a_poll_that_waits_for_a_result_gets_it_early(client: Client) -> None:
    """A wait of thirty seconds on a task of milliseconds takes about those."""
    task_id = client.submit(BELL)
    start = time.monotonic()
    answer = client.http.get(f"/tasks/{task_id}", headers={"prefer": "wait=30"})
    assert answer.json()["status"] == "completed"
    assert time.monotonic() - start < 15


def test_a_wait_on_a_finished_task_answers_at_once(client: Client, bell: str) -> None:
    """There is nothing to wait for when the task has ended, and the body is the one without the preference."""
    start = time.monotonic()
    answer = client.http.get(f"/tasks/{bell}", headers={"prefer": "wait=30"})
    assert time.monotonic() - start < 5
    assert answer.json() == client.result(bell)


def test_a_wait_on_an_unknown_task_is_a_404_at_once(client: Client) -> None:
    """Nobody waits for a task that does not exist."""
    start = time.monotonic()
    answer = client.http.get(f"/tasks/{uuid.uuid4()}", headers={"prefer": "wait=30"})
    assert time.monotonic() - start < 5
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_a_refused_submission_does_not_wait(client: Client) -> None:
    """A 400 is a 400 with the preference too."""
    start = time.monotonic()
    assert_refused(client.post(b"{}", prefer="wait=30"))
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("prefer", ["wait=0", "wait=abc", "wait=-1", "wait=", "wait", "wait=1.5", ";;;,=", "x" * 2000])
def test_no_wait_and_a_malformed_preference_answer_at_once(client: Client, endless: Endless, prefer: str) -> None:
    """A preference that cannot be met is ignored, as RFC 7240 has it."""
    task_id = endless()
    start = time.monotonic()
    answer = client.http.get(f"/tasks/{task_id}", headers={"prefer": prefer})
    assert (answer.status_code, answer.json()) == (200, PENDING)
    answer = client.post(body_of(qc=ENDLESS), prefer=prefer)
    body = answer.json()
    client.cancel(body["task_id"])
    assert answer.status_code == 202
    assert body == {"task_id": body["task_id"], "message": SUBMITTED}
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("prefer", ["wait=abc", "wait=-1", "wait=", "handling=lenient"])
def test_an_ignored_preference_is_not_said_to_be_applied(client: Client, bell: str, prefer: str) -> None:
    """`Preference-Applied` names what was done, and nothing else."""
    assert "preference-applied" not in client.http.get(f"/tasks/{bell}", headers={"prefer": prefer}).headers


@pytest.mark.parametrize("prefer", ["respond-async, wait=30", "wait=30, respond-async", "WAIT=30", "wait = 30"])
def test_a_wait_is_found_among_other_preferences(client: Client, prefer: str) -> None:
    """Preferences are a list, and their names have no case."""
    answer = client.post(body_of(qc=BELL), prefer=prefer)
    assert answer.status_code == 200
    assert answer.json()["status"] == "completed"


@pytest.mark.parametrize("seconds", ["86400", "9" * 30])
def test_a_huge_wait_is_capped_and_not_refused(client: Client, seconds: str) -> None:
    """More seconds than the server allows are a wait for as long as it allows."""
    answer = client.post(body_of(qc=BELL), prefer=f"wait={seconds}")
    assert answer.status_code == 200
    assert re.fullmatch(r"wait=\d+", answer.headers["preference-applied"])


# --- Idempotency-Key


@pytest.fixture
def key() -> str:
    """An idempotency key that nobody has used."""
    return f"test-{uuid.uuid4()}"


def test_the_same_key_and_body_are_the_same_task(client: Client, key: str) -> None:
    """A repeated submission answers what the first one did, and says that it is a replay."""
    first = client.post(body_of(qc=BELL), idempotency_key=key)
    again = client.post(body_of(qc=BELL), idempotency_key=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_a_replay_of_a_finished_task_is_still_a_replay(client: Client, key: str) -> None:
    """A key outlives the run of its task."""
    first = client.post(body_of(qc=BELL), idempotency_key=key).json()
    client.counts(first["task_id"])
    again = client.post(body_of(qc=BELL), idempotency_key=key)
    assert (again.status_code, again.json()) == (202, first)
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("changed", [{"qc": ENDLESS}, {"shots": 5}, {"seed": 1}, {"method": "statevector"}])
def test_the_same_key_and_another_body_is_a_422(client: Client, key: str, changed: Body) -> None:
    """A key belongs to one program and its options."""
    assert client.post(body_of(qc=BELL), idempotency_key=key).status_code == 202
    assert_error(client.post(body_of(**{"qc": BELL, **changed}), idempotency_key=key), 422)


def test_other_keys_are_other_tasks(client: Client, key: str) -> None:
    """The same body under two keys makes two tasks."""
    first = client.post(body_of(qc=BELL), idempotency_key=key)
    other = client.post(body_of(qc=BELL), idempotency_key=f"{key}-2")
    assert first.json()["task_id"] != other.json()["task_id"]


def test_a_refused_body_leaves_its_key_unused(client: Client, key: str) -> None:
    """A key is taken by a task, not by an attempt at one."""
    assert_refused(client.post(body_of(qc=""), idempotency_key=key))
    answer = client.post(body_of(qc=BELL), idempotency_key=key)
    assert answer.status_code == 202
    assert "idempotency-replayed" not in answer.headers


def test_fifty_submissions_at_once_with_one_key_are_one_task(client: Client, key: str) -> None:
    """Racing submissions of one key agree on one task, and all but one know that they are replays."""
    with ThreadPoolExecutor(50) as pool:
        futures = [pool.submit(client.post, body_of(qc=BELL), idempotency_key=key) for _ in range(50)]
        answers = [future.result(60) for future in futures]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 49


def test_a_key_has_at_most_255_characters(client: Client, key: str) -> None:
    """The limit itself is allowed, one more is a typed refusal."""
    assert client.post(body_of(qc=BELL), idempotency_key=key.ljust(255, "x")).status_code == 202
    assert_refused(client.post(body_of(qc=BELL), idempotency_key=key.ljust(256, "x")))


def test_the_full_door_knows_keys_too(client: Client, key: str) -> None:
    """POST /v1/tasks is as safe to repeat."""
    first = client.post(body_of(qasm=BELL), "/v1/tasks", idempotency_key=key)
    again = client.post(body_of(qasm=BELL), "/v1/tasks", idempotency_key=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"
    assert_error(client.post(body_of(qasm=BELL, shots=3), "/v1/tasks", idempotency_key=key), 422)


# --- health and documents


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/health"])
def test_health_routes_say_ok(client: Client, path: str) -> None:
    """A server that works says so at all three."""
    answer = client.http.get(path)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


def test_the_documents_are_served(client: Client) -> None:
    """/docs is a page, and /openapi.json describes both doors."""
    docs = client.http.get("/docs")
    assert docs.status_code == 200
    assert docs.headers["content-type"].startswith("text/html")
    document = client.http.get("/openapi.json")
    assert document.status_code == 200
    assert document.json()["openapi"].startswith("3.")
    assert {"/tasks", "/v1/tasks", "/healthz", "/readyz", "/health"} <= set(document.json()["paths"])


# --- /v1/tasks: the resource

RESOURCE_KEYS = {
    "id",
    "spec",
    "phase",
    "reason",
    "conditions",
    "attempts",
    "createdAt",
    "startedAt",
    "finishedAt",
    "result",
    "error",
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def assert_time(text: object) -> datetime:
    """Assert that this is a moment in RFC 3339 at UTC, and return it."""
    assert isinstance(text, str)
    assert TIME.fullmatch(text), text
    return datetime.fromisoformat(text)


def assert_resource(resource: Body, *, listed: bool = False) -> None:
    """Assert that the resource has every field of the contract, and that its fields agree with one another."""
    assert set(resource) == RESOURCE_KEYS
    assert str(uuid.UUID(resource["id"])) == resource["id"]
    assert set(resource["spec"]) == {"shots", "seed", "method", "frontend", "inputs"} | (set() if listed else {"qasm"})
    phase = Phase(resource["phase"])
    Reason(resource["reason"])
    finished = phase in {Phase.SUCCEEDED, Phase.FAILED, Phase.CANCELLED}
    created = assert_time(resource["createdAt"])
    started = None if resource["startedAt"] is None else assert_time(resource["startedAt"])
    assert (resource["finishedAt"] is not None) == finished
    if phase in {Phase.RUNNING, Phase.SUCCEEDED}:
        assert started is not None
        assert resource["attempts"] >= 1
    if started is not None:
        assert created <= started
    if finished:
        assert (started or created) <= assert_time(resource["finishedAt"])
    assert (resource["result"] is not None) == (phase is Phase.SUCCEEDED and not listed)
    if phase in {Phase.PENDING, Phase.RUNNING, Phase.SUCCEEDED}:
        assert resource["error"] is None
    if phase is Phase.FAILED:
        assert set(resource["error"]) == {"code", "message", "line", "column"}
    assert_conditions(resource, finished=finished)


def assert_conditions(resource: Body, *, finished: bool) -> None:
    """Assert that the conditions say what the phase says."""
    conditions = {condition["type"]: condition for condition in resource["conditions"]}
    assert len(conditions) == len(resource["conditions"])
    assert set(conditions) <= {"Scheduled", "Running", "Finished"}
    for condition in conditions.values():
        assert set(condition) == {"type", "status", "reason", "message", "lastTransitionTime"}
        assert condition["status"] in {"True", "False"}
        assert re.fullmatch(r"[A-Z][A-Za-z]*", condition["reason"])
        assert isinstance(condition["message"], str)
        assert_time(condition["lastTransitionTime"])
    statuses = {name: condition["status"] == "True" for name, condition in conditions.items()}
    assert statuses.get("Finished", False) == finished
    assert statuses.get("Running", False) == (resource["phase"] == Phase.RUNNING)
    if finished:
        assert conditions["Finished"]["reason"] == resource["reason"]


def test_the_full_door_answers_the_resource_and_where_it_is(client: Client) -> None:
    """POST /v1/tasks is a 202 with the whole resource and its address."""
    answer = client.post(body_of(qasm=BELL, shots=64, seed=3, method="statevector"), "/v1/tasks")
    assert answer.status_code == 202
    resource = answer.json()
    assert_resource(resource)
    assert answer.headers["location"] == f"/v1/tasks/{resource['id']}"
    asked = {"qasm": BELL, "shots": 64, "seed": 3, "method": "statevector"}
    assert resource["spec"] == {**asked, "frontend": "automatic", "inputs": {}}
    done = client.in_phase(resource["id"], Phase.SUCCEEDED)
    assert_resource(done)
    assert done["spec"] == resource["spec"]
    assert done["createdAt"] == resource["createdAt"]
    assert client.http.get(answer.headers["location"]).json() == done


def test_the_full_door_has_the_same_defaults(client: Client) -> None:
    """Options that were left out are shown as what they are."""
    resource = client.post(body_of(qasm=BELL), "/v1/tasks").json()
    defaults: Body = {
        "shots": DEFAULT_SHOTS,
        "seed": None,
        "method": "automatic",
        "frontend": "automatic",
        "inputs": {},
    }
    assert resource["spec"] == {"qasm": BELL, **defaults}


def test_a_result_says_how_it_came_about(client: Client) -> None:
    """A succeeded resource holds counts, shots, seed, qubits, and the method and the engine that ran."""
    task_id = client.submit(BELL, shots=64, seed=3)
    counts = client.counts(task_id)
    resource = client.resource(task_id)
    assert_resource(resource)
    assert resource["reason"] == Reason.COMPLETED
    assert set(resource["result"]) == {"counts", "shots", "seed", "qubits", "method", "engine", "outputs"}
    assert resource["result"]["counts"] == counts
    assert resource["result"]["shots"] == 64
    assert resource["result"]["seed"] == 3
    assert resource["result"]["qubits"] == 2
    assert (resource["result"]["engine"], resource["result"]["outputs"]) == ("direct", [])
    assert resource["attempts"] == 1


def test_counts_are_told_apart_by_register(client: Client, failed: str) -> None:
    """In the order of the program, with their names; a task without counts has no registers to tell."""
    program = "OPENQASM 3.0; qubit[2] q; bit[2] first; bit lone; bit[3] third; U(pi, 0, 0) q[1]; first = measure q;"
    task_id = client.submit(program, shots=9)
    assert client.counts(task_id) == {"000 0 10": 9}
    assert client.http.get(f"/v1/tasks/{task_id}/registers").json() == {
        "registers": [
            {"name": "first", "bits": 2, "counts": {"10": 9}},
            {"name": "lone", "bits": 1, "counts": {"0": 9}},
            {"name": "third", "bits": 3, "counts": {"000": 9}},
        ]
    }
    assert "it is Failed" in assert_error(client.http.get(f"/v1/tasks/{failed}/registers"), 409)["message"]
    assert client.http.get("/v1/tasks/none/registers").status_code == 404


PARAMETRIZED = """OPENQASM 3.0;
include "stdgates.inc";
input float theta;
input int[8] turns;
input array[bool, 2] flips;
output int[8] n;
output float angle_sum;
output bit[2] r;
qubit[2] q;
for int i in [1:turns] { ry(theta) q[0]; n -= 1; angle_sum += theta; }
if (flips[1]) { x q[1]; }
r = measure q;
"""
INPUTS = {"theta": 0.5, "turns": 2, "flips": [True, True]}


@pytest.mark.parametrize(("door", "field"), [("/tasks", "qc"), ("/v1/tasks", "qasm")])
def test_inputs_come_with_a_task_and_outputs_with_its_result(client: Client, door: str, field: str) -> None:
    """Numbers, booleans and lists go in, and typed values come out; the spec shows them as the language writes them."""
    body = {field: PARAMETRIZED, "shots": 200, "seed": 1, "inputs": INPUTS}
    answer = client.post(json.dumps(body).encode(), door).json()
    task_id = answer.get("task_id") or answer["id"]
    counts = client.counts(task_id)
    resource = client.resource(task_id)
    assert_resource(resource)
    assert resource["spec"]["inputs"] == {"theta": "0.5", "turns": "2", "flips": "{true, true}"}
    assert resource["result"]["engine"] == "machine"
    rows = resource["result"]["outputs"]
    assert {row["values"]["r"] for row in rows} == {"10", "11"}
    assert all((row["values"]["n"], row["values"]["angle_sum"]) == (-2, 1.0) for row in rows)
    assert counts == {f"{row['values']['r']} 11111110": row["count"] for row in rows}


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({}, "input.missing"),
        ({**INPUTS, "phi": 1}, "input.unknown"),
        ({**INPUTS, "turns": "pi"}, "input.invalid"),
        ({**INPUTS, "turns": 128}, "input.invalid"),
    ],
)
def test_inputs_that_do_not_fit_end_the_task(client: Client, inputs: Body, code: str) -> None:
    """With a code, and with the place of the declaration where there is one."""
    task_id = client.submit(PARAMETRIZED, inputs=inputs)
    assert client.wait(task_id)["status"] == "error"
    error = client.resource(task_id)["error"]
    assert error["code"] == code
    assert (error["line"] is None) == (code == "input.unknown")


def test_qiskits_importer_alone_reads_what_is_asked_of_it(client: Client) -> None:
    """What it cannot read ends the task; the same program runs without that wish."""
    program = "OPENQASM 3.0; qubit q; bit c = measure q; int n = 1; n += 1; c = n == 2;"
    assert client.counts(client.submit(program, shots=5)) == {"1": 5}
    assert client.wait(client.submit(program, frontend="qiskit"))["status"] == "error"
    assert sum(client.counts(client.submit(BELL, frontend="qiskit")).values()) == DEFAULT_SHOTS


def test_a_failed_resource_says_why(client: Client, failed: str) -> None:
    """A program's fault is the reason InvalidProgram, with code, message and place."""
    resource = client.resource(failed)
    assert_resource(resource)
    assert resource["phase"] == Phase.FAILED
    assert resource["reason"] == Reason.INVALID_PROGRAM
    assert resource["error"]["code"] == "syntax.invalid"


def test_the_phases_of_unfinished_tasks(client: Client, endless: Endless) -> None:
    """A task is Pending while others hold the workers, and Running once it has one."""
    first = endless()
    running = client.in_phase(first, Phase.RUNNING)
    assert_resource(running)
    waiting = [endless() for _ in range(40)][-1]
    pending = client.resource(waiting)
    assert_resource(pending)
    assert pending["phase"] == Phase.PENDING
    assert pending["reason"] == Reason.QUEUED
    assert pending["attempts"] == 0
    assert pending["startedAt"] is None


def test_both_doors_see_the_same_task(client: Client, bell: str) -> None:
    """A task of the one door is at the other, with the same counts."""
    assert client.resource(bell)["result"]["counts"] == client.result(bell)["result"]
    task_id = client.post(body_of(qasm=BELL), "/v1/tasks").json()["id"]
    assert sum(client.counts(task_id).values()) == DEFAULT_SHOTS


def test_each_door_has_its_own_word_for_the_program(client: Client) -> None:
    """`qc` at the full door and `qasm` at the seed door are unknown keys."""
    assert_refused(client.post(body_of(qc=BELL), "/v1/tasks"))
    assert_refused(client.post(body_of(qasm=BELL)))


# --- GET /v1/tasks


def page(client: Client, **query: object) -> tuple[list[Body], str | None]:
    """One page of the list, checked, and where the next one begins."""
    answer = client.http.get("/v1/tasks", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text[:500]
    body = answer.json()
    assert set(body) == {"tasks", "nextCursor"}
    for resource in body["tasks"]:
        assert_resource(resource, listed=True)
    cursor: str | None = body["nextCursor"]
    assert cursor is None or isinstance(cursor, str)
    return body["tasks"], cursor


def walk(client: Client, between: Callable[[], object] = lambda: None, **query: object) -> list[Body]:
    """Every task of the list, page by page."""
    tasks, cursor = page(client, **query)
    while cursor is not None:
        between()
        more, cursor = page(client, cursor=cursor, **query)
        tasks += more
    return tasks


def test_a_walk_sees_every_task_once_while_others_come(client: Client) -> None:
    """Pages neither skip nor repeat a task, whatever is submitted meanwhile."""
    mine = [client.submit(BELL, shots=1) for _ in range(25)]
    seen = walk(client, between=lambda: client.submit(BELL, shots=1), limit=7)
    ids = [resource["id"] for resource in seen]
    assert len(ids) == len(set(ids))
    assert set(mine) <= set(ids)


def test_a_page_has_fifty_tasks_unless_told(client: Client) -> None:
    """The limit is 50 by default, and 1 and 100 are its bounds."""
    for _ in range(101):
        client.submit(BELL, shots=1)
    assert len(page(client)[0]) == 50
    assert len(page(client, limit=1)[0]) == 1
    assert len(page(client, limit=100)[0]) == 100


@pytest.mark.newest_first
def test_the_newest_task_is_first(client: Client) -> None:
    """A new task is at the head of the list at once, and the others follow in the order of their age."""
    mine = [client.submit(BELL, shots=1) for _ in range(10)]
    tasks, _ = page(client, limit=25)
    assert [resource["id"] for resource in tasks[:10]] == mine[::-1]
    created = [assert_time(resource["createdAt"]) for resource in tasks]
    assert created == sorted(created, reverse=True)


def test_the_list_is_filtered_by_phase(client: Client, endless: Endless, bell: str, failed: str) -> None:
    """Each phase's list has the tasks of that phase and no other."""
    cancelled = endless()
    client.cancel(cancelled)
    running = endless()
    client.in_phase(running, Phase.RUNNING)
    pending = [endless() for _ in range(40)][-1]
    expected = {
        Phase.SUCCEEDED: bell,
        Phase.FAILED: failed,
        Phase.CANCELLED: cancelled,
        Phase.RUNNING: running,
        Phase.PENDING: pending,
    }
    for phase, task_id in expected.items():
        # in a cluster the operator brings a change into the listing
        eventually(partial(_is_listed, client, task_id, phase), 30, f"{task_id} in the listing of {phase}")
        assert {resource["phase"] for resource in walk(client, phase=phase, limit=100)} == {phase}


def _is_listed(client: Client, task_id: str, phase: Phase) -> bool:
    return task_id in {resource["id"] for resource in walk(client, phase=phase, limit=100)}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("phase", "Bogus"),
        ("phase", "pending"),
        ("phase", ""),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "101"),
        ("limit", "x"),
        ("limit", "1.5"),
        ("limit", ""),
        ("limit", "9" * 5000),
        ("cursor", "bogus"),
        ("cursor", "%00"),
        ("cursor", "../../x"),
        ("cursor", "\u0660"),
        ("cursor", "x" * 5000),
    ],
)
def test_a_bad_query_is_a_400_that_names_it(client: Client, name: str, value: str) -> None:
    """A phase, limit or cursor that means nothing is refused by its name."""
    body = assert_refused(client.http.get("/v1/tasks", params={name: value}))
    assert any(name in error["loc"] for error in body["errors"]), body


def test_a_cursor_that_was_tampered_with_does_no_harm(client: Client) -> None:
    """A changed cursor is a typed refusal or another place in the list, never a server error."""
    client.submit(BELL)
    client.submit(BELL)
    cursor = page(client, limit=1)[1]
    assert cursor is not None
    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        answer = client.http.get("/v1/tasks", params={"cursor": changed, "limit": 1})
        assert answer.status_code in {200, 400}, (changed, answer.text[:500])


# --- cancel and delete


def test_cancelling_a_running_task_ends_it(client: Client, endless: Endless) -> None:
    """A running task that is cancelled is Cancelled at once, stays so, and gives its worker back."""
    task_id = endless()
    client.in_phase(task_id, Phase.RUNNING)
    answer = client.cancel(task_id)
    assert answer.status_code == 200
    assert_resource(answer.json())
    assert answer.json()["phase"] == Phase.CANCELLED
    assert answer.json()["reason"] == Reason.CANCELLED
    after = client.resource(task_id)
    assert sum(client.run(BELL).values()) == DEFAULT_SHOTS
    assert client.resource(task_id) == after
    assert client.result(task_id)["status"] == "error"


def test_cancelling_a_queued_task_ends_it(client: Client, endless: Endless) -> None:
    """A queued task that is cancelled never runs."""
    client.in_phase(endless(), Phase.RUNNING)
    task_id = [endless() for _ in range(40)][-1]
    assert client.resource(task_id)["phase"] == Phase.PENDING
    resource = client.cancel(task_id).json()
    assert_resource(resource)
    assert resource["phase"] == Phase.CANCELLED
    assert resource["attempts"] == 0
    assert resource["startedAt"] is None


def test_cancelling_again_is_the_same_answer(client: Client, endless: Endless) -> None:
    """Cancel is safe to repeat."""
    task_id = endless()
    first = client.cancel(task_id)
    again = client.cancel(task_id)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["phase"] == Phase.CANCELLED
    assert again.json()["finishedAt"] == first.json()["finishedAt"]


def test_a_task_that_has_ended_otherwise_cannot_be_cancelled(client: Client, bell: str, failed: str) -> None:
    """Succeeded and failed tasks answer 409 and do not change."""
    for task_id in (bell, failed):
        before = client.resource(task_id)
        assert_error(client.cancel(task_id), 409)
        assert client.resource(task_id) == before


def test_a_race_of_cancels_and_ends_has_one_outcome(client: Client) -> None:
    """Whoever wins, cancel's answer and the task agree for good."""
    ids = [client.submit(BELL) for _ in range(20)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(client.cancel, ids))
    for task_id, answer in zip(ids, answers, strict=True):
        assert answer.status_code in {200, 409}
        expected = Phase.CANCELLED if answer.status_code == 200 else Phase.SUCCEEDED
        assert client.resource(task_id)["phase"] == expected


def test_a_deleted_task_is_gone_from_both_doors(client: Client) -> None:
    """DELETE answers 204 and no body, and afterwards nobody knows the task."""
    task_id = client.submit(BELL)
    client.counts(task_id)
    answer = client.http.delete(f"/v1/tasks/{task_id}")
    assert (answer.status_code, answer.content) == (204, b"")
    gone = client.http.get(f"/tasks/{task_id}")
    assert (gone.status_code, gone.json()) == (404, NOT_FOUND)
    assert_error(client.http.get(f"/v1/tasks/{task_id}"), 404)
    assert_error(client.http.delete(f"/v1/tasks/{task_id}"), 404)
    assert_error(client.cancel(task_id), 404)
    assert task_id not in {resource["id"] for resource in page(client, limit=100)[0]}


def test_deleting_an_unfinished_task_never_brings_it_back(client: Client, endless: Endless) -> None:
    """A running task is deleted for good or the deletion is refused; either way the worker goes on."""
    task_id = endless()
    client.in_phase(task_id, Phase.RUNNING)
    answer = client.http.delete(f"/v1/tasks/{task_id}")
    if answer.status_code == 409:
        assert client.resource(task_id)["phase"] == Phase.RUNNING
        client.cancel(task_id)
    else:
        assert answer.status_code == 204
        assert client.http.get(f"/tasks/{task_id}").status_code == 404
    assert sum(client.run(BELL).values()) == DEFAULT_SHOTS
    assert client.http.get(f"/tasks/{task_id}").status_code == (404 if answer.status_code == 204 else 200)


# --- in numbers


def test_a_hundred_tasks_at_once_each_get_their_own_counts(client: Client) -> None:
    """No task gets another one's result: each has as many shots as it asked for."""
    with ThreadPoolExecutor(20) as pool:
        ids = list(pool.map(lambda shots: client.submit(BELL, shots=shots), range(1, 101)))
    for shots, task_id in enumerate(ids, 1):
        assert sum(client.counts(task_id).values()) == shots


def test_the_counts_of_a_bell_pair_are_even(client: Client) -> None:
    """Half of the shots are 00, within six standard deviations."""
    counts = client.run(BELL, shots=40_000)
    assert set(counts) == {"00", "11"}
    assert abs(counts["00"] - 20_000) < 6 * math.sqrt(40_000) / 2


def test_a_result_never_changes(client: Client, bell: str) -> None:
    """Reading a finished task gives the same bytes each time."""
    assert len({client.http.get(f"/tasks/{bell}").content for _ in range(20)}) == 1


def test_a_head_of_a_page_that_is_left_early_does_no_harm(client: Client, endless: Endless) -> None:
    """A client that gives up its wait leaves the task as it was."""
    task_id = endless()
    with pytest.raises(httpx.ReadTimeout):
        client.http.get(f"/tasks/{task_id}", headers={"prefer": "wait=30"}, timeout=0.5)
    assert client.result(task_id) == PENDING
    eventually(lambda: client.http.get("/readyz").status_code == 200, 5, "the server is ready")
