"""A thousand hostile inputs: each ends as a typed refusal or as a task that ends, and the stack is well afterwards."""

import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.client import Client, assert_error, leaks
from support.local_stack import LocalStack
from support.programs import BELL, ENDLESS

SEED = 20261124
MUTANTS = 1000
IN_FLIGHT = 32
DEADLINE_SECONDS = 5

MAX_RSS_BYTES = 2**30
"""All processes of the stack together: about twice what they hold when idle, and what one simulation may ask for here
(`QT_MEMORY_MB` over `QT_CONCURRENCY`), so that a state which is not given back shows."""

FEATURES = """OPENQASM 3.0;
include "stdgates.inc";
gate mine(a) x, y { ctrl @ rx(a / 2) x, y; inv @ s x; pow(2) @ t y; }
qubit[4] q;
bit[4] c;
bit flag;
let pair = q[0:1];
for int i in [0:2] { h q[i]; }
mine(pi) q[0], q[1];
flag = measure q[3];
if (flag == 1) { x q[0]; } else { reset q[1]; }
while (c[0] == 1) { c[0] = measure q[0]; }
switch (c) { case 0, 1 { y q[2]; } default { z q[2]; } }
barrier q;
c = measure q;
"""

STD = 'OPENQASM 3.0; include "stdgates.inc"; '

PROGRAMS: dict[str, str] = {
    **{f"nested {opening}": opening * 20_000 for opening in "([{"},
    "nested blocks": STD + "qubit q; bit c; c = measure q; " + "if (c) { " * 3000 + "x q;" + " }" * 3000,
    "minuses": STD + "qubit q; bit c; rx(" + "-" * 50_000 + "1) q; c = measure q;",
    "sum": STD + "qubit q; bit c; rx(" + "1+" * 20_000 + "1) q; c = measure q;",
    "else if": STD + "qubit q; bit c; c = measure q; " + "if (c) { x q; } else " * 3000 + "{ x q; }",
    "concatenation": STD + "qubit[2] q; let a = " + "q ++ " * 20_000 + "q;",
    "a billion turns": STD + "qubit q; bit c; for int i in [0:1000000000] { x q; } c = measure q;",
    "turns in turns": STD + "qubit q; bit c; " + "for int i in [0:99] { " * 20 + "x q; " + "} " * 20 + "c = measure q;",
    "a billion qubits": "qubit[1000000000] q; bit c; c = measure q[0];",
    "a billion bits": "qubit q; bit[1000000000] c; c[0] = measure q;",
    "many registers": "".join(f"qubit[999] q{number}; " for number in range(2000)),
    "a physical qubit far away": "bit c; c = measure $999999999;",
    "no qubits": "qubit[0] q; bit[0] c; c = measure q;",
    "less than no qubits": "qubit[-1] q;",
    "a file": 'include "/etc/passwd"; qubit q; bit c; c = measure q;',
    "a file further up": 'include "../../../../etc/passwd";',
    "huge integer": f"qubit[{'9' * 100_000}] q;",
    "huge exponent": STD + "qubit q; bit c; rx(1e999999999) q; c = measure q;",
    "huge index": "qubit[2] q; bit c; c = measure q[99999999999999999999];",
    "exponential gates": STD
    + "gate g0 a { x a; } "
    + "".join(f"gate g{level + 1} a {{ {f'g{level} a; ' * 10}}} " for level in range(20))
    + "qubit q; bit c; g20 q; c = measure q;",
    "a gate of itself": STD + "gate g a { g a; } qubit q; bit c; g q; c = measure q;",
    "a huge power": STD + "qubit q; bit c; pow(1000000000) @ x q; c = measure q;",
    "a power of many qubits": STD
    + "gate wide a, b, c, d, e, f, g, h { h a; } qubit[8] q; bit c; pow(0.5) @ wide "
    + ", ".join(f"q[{place}]" for place in range(8))
    + "; c = measure q[0];",
    "sixty controls": STD + "qubit[61] q; bit c; ctrl(60) @ x " + ", ".join(f"q[{n}]" for n in range(61)) + "; ",
    "control upon control": STD + "qubit[2] q; bit c; " + "ctrl @ " * 5000 + "x q[0], q[1];",
    "forty dense qubits": STD
    + "qubit[40] q; bit[40] c; "
    + "".join(f"rx(0.{n + 1}) q[{n}]; cp(0.{n + 1}) q[{n}], q[{(n * 7 + 3) % 40}]; " for n in range(40)) * 20
    + "c = measure q;",
    "an array": "array[int[32], 1000000, 1000000] a;",
    "nothing measured": STD + "qubit[2] q; h q[0];",
    "pulses": 'defcalgrammar "openpulse"; cal { frame f; } defcal x $0 { play(f, 1); }',
    "an extern": "extern f(int) -> int; int a = f(1);",
    "a subroutine of itself": "def f(int a) -> int { return f(a); } int b = f(1);",
    "version 2": 'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; measure q[0] -> c[0];',
    "version 99": "OPENQASM 99.9; qubit q;",
    "only comments": "// nothing\n" * 20_000,
    "a comment without end": "/* " + "x" * 100_000,
    "a text without end": 'include "' + "x" * 100_000,
    "one long line": STD + "qubit q; bit c; " + "x q; " * 60_000 + "c = measure q;",
    "one long name": f"qubit {'q' * 200_000};",
    "many names": "".join(f"bit b{number};" for number in range(20_000)),
    "zero bytes": "OPENQASM 3;\x00qubit q;",
    "control characters": "".join(map(chr, range(1, 32))) + BELL,
    "right to left": "\u202eOPENQASM 3; qubit q;\u202c",
    "wide letters": STD + "qubit \uff51; bit \uff43; \uff43 = measure \uff51;",
    "emoji": "qubit 🐍; // 🐍",
    "no width": "qu\u200bbit q;",
    "byte order mark": "\ufeff" + BELL,
    "combining": "qubit q" + "\u0301" * 10_000 + ";",
    "endless": ENDLESS,
    "endless twice": ENDLESS + ENDLESS.split(";", 3)[-1],
}

BODIES: dict[str, bytes] = {
    "twenty megabytes": b'{"qc": "' + b"x" * 20_000_000 + b'"}',
    "over the program's limit": json.dumps({"qc": "x" * 600_000}).encode(),
    "deep": b"[" * 100_000,
    "deep objects": b'{"qc":' * 50_000,
    "half a pair": b'{"qc": "\\ud800"}',
    "not UTF-8": b'{"qc": "\xff\xfe"}',
    "not JSON": b"\x00\x01\x02",
    "a huge number": b'{"qc": "x", "shots": ' + b"9" * 1_000_000 + b"}",
    "a huge float": b'{"qc": "x", "shots": 1e999999}',
    "a thousand unknown names": json.dumps({"qc": "x", **{f"key{n}": n for n in range(1000)}}).encode(),
    "a long unknown name": json.dumps({"qc": "x", "y" * 100_000: 1}).encode(),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of this module's own, whose logs and memory it looks at."""
    settings = {"QT_TASK_DEADLINE_SECONDS": str(DEADLINE_SECONDS), "QT_MEMORY_MB": "2048", "QT_CONCURRENCY": "2"}
    with LocalStack(tmp_path_factory.mktemp("hostile"), env=settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def hostile_client(stack: LocalStack) -> Iterator[Client]:
    """A client of that stack; it fails on any answer that shows something of the inside."""
    with Client(stack.base_url) as client:
        yield client


def _mutants() -> list[str]:
    """Programs that were once good, changed in one to four places at random."""
    chance = random.Random(SEED)  # noqa: S311 - reproducible, not secret
    return [_mutant(chance, chance.choice([BELL, FEATURES])) for _ in range(MUTANTS)]


def _mutant(chance: random.Random, program: str) -> str:
    for _ in range(chance.randint(1, 4)):
        tokens = program.split(" ")
        place = chance.randrange(len(tokens))
        character = chance.randrange(max(1, len(program)))
        program = chance.choice(
            [
                " ".join(tokens[:place] + tokens[place + 1 :]),
                " ".join(tokens[:place] + [tokens[place]] * 2 + tokens[place + 1 :]),
                " ".join(chance.sample(tokens, len(tokens))),
                program[:character],
                program[:character] + chr(chance.randrange(1, 0x2FF)) + program[character + 1 :],
                program[:character] + chance.choice("(){}[];,@\"'\\/*") + program[character:],
                program.replace(chance.choice("0123456789"), str(chance.randrange(10**9)), 1),
            ]
        )
    return program or " "


def _ends(client: Client, program: str) -> str:
    """Submit a program, and say how that ended; anything but a refusal or an end is an error here."""
    answer = client.post(json.dumps({"qc": program, "shots": 10}).encode())
    if answer.status_code in (400, 413):
        assert_error(answer, answer.status_code)
        return "refused"
    assert answer.status_code == 202, answer.text[:500]
    return str(client.wait(answer.json()["task_id"], 240)["status"])


def test_every_hostile_program_is_refused_or_ends(hostile_client: Client) -> None:
    """A thousand mutants, and one program for each known way to do harm, end in a result or in a typed error."""
    programs = [*PROGRAMS.values(), *_mutants()]
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        ends = list(pool.map(lambda program: _ends(hostile_client, program), programs))
    assert set(ends) == {"refused", "completed", "error"}, f"seed {SEED}"


@pytest.mark.parametrize("name", BODIES)
def test_every_hostile_body_is_refused(hostile_client: Client, name: str) -> None:
    """A body that is too large, too deep or no JSON is a 400 or a 413 in the one shape."""
    answer = hostile_client.post(BODIES[name])
    assert answer.status_code in (400, 413), (name, answer.status_code)
    assert_error(answer, answer.status_code)
    assert len(answer.content) < 10_000


def test_the_stack_is_well_afterwards(stack: LocalStack, hostile_client: Client) -> None:
    """After all of that it is ready, computes, has leaked nothing into its logs, and holds little memory."""
    assert hostile_client.http.get("/readyz").status_code == 200
    counts = hostile_client.run(BELL, shots=1000)
    assert set(counts) == {"00", "11"}
    assert stack.output_is_whole
    assert not leaks(stack.output())
    assert sum(one.rss_bytes for one in stack.family()) < MAX_RSS_BYTES
