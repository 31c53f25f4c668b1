"""The parser by hand, compared with the official one."""

from collections.abc import Iterator
from itertools import accumulate

import pytest
from openqasm3 import ast
from quantum_qasm.parsing.parser import Parsed, parse
from quantum_tasks.errors import Code
from support import corpora, programs

OWN = [text for text in vars(programs).values() if isinstance(text, str) and "OPENQASM" in text]
CORPUS = [*corpora.examples().values(), *corpora.valid().values(), *OWN]
READABLE = [text for text in CORPUS if corpora.official(text) is not None]
MUTANTS = 3000

DIES = "def f(creg c[3]) {}"
"""The official parser dies of a size here."""


def _refusal(text: str) -> tuple[int, int, str]:
    """Where and why the first mistake of a program is refused."""
    first = parse(text).errors[0]
    return first.span.start_line, first.span.start_column + 1, first.message


def _nodes(root: object) -> Iterator[ast.QASMNode]:
    found: list[object] = [root]
    while found:
        node = found.pop()
        if isinstance(node, ast.QASMNode):
            yield node
            found.extend(reversed(list(vars(node).values())))
        elif isinstance(node, list | tuple):
            found.extend(reversed(node))


def test_the_corpus_has_what_it_is_said_to_have() -> None:
    """The official examples, most of the grammar's tests, and programs of our own can be read."""
    assert len(corpora.examples()) == 21
    assert len(READABLE) > 55
    assert len(corpora.invalid()) > 90


@pytest.mark.parametrize("text", READABLE)
def test_programs_have_the_official_nodes(text: str) -> None:
    """Node for node, as the official package compares them."""
    parsed = parse(text)
    assert parsed.errors == ()
    assert parsed.program == corpora.official(text)


@pytest.mark.parametrize("text", READABLE)
def test_nodes_begin_where_the_official_ones_do(text: str) -> None:
    """Lines count from 1 and columns from 0; bare names, whose official columns are wrong, are where they stand.

    Of what stands in brackets, the official parser has the bracket as its beginning.
    """
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    for ours, theirs in zip(_nodes(parse(text).program), _nodes(corpora.official(text)), strict=True):
        span = ours.span
        assert span is not None
        if theirs.span is None or isinstance(ours, ast.Concatenation) or text.startswith("creg", span.start):
            continue  # it has none, or one that is made of those of bare words
        if isinstance(ours, ast.Identifier):
            assert lines[span.start_line - 1].startswith(ours.name, span.start_column)
            assert span.end_column == span.start_column + len(ours.name)
        else:
            begun = starts[theirs.span.start_line - 1] + theirs.span.start_column
            assert set(text[begun : starts[span.start_line - 1] + span.start_column]) <= set("([ ")
            assert begun <= starts[span.start_line - 1] + span.start_column
        assert (span.start_line, span.start_column) <= (span.end_line, span.end_column)


@pytest.mark.parametrize("text", corpora.invalid())
def test_what_the_grammar_refuses_is_refused(text: str) -> None:
    """Every statement of the official grammar's invalid corpus, with a place inside it."""
    line, column, message = _refusal(text)
    assert line == 1
    assert 1 <= column <= len(text.rstrip()) + 1
    assert message


def test_what_one_parser_accepts_the_other_does_too() -> None:
    """Of programs with tokens taken out, put in and exchanged, both accept the same, and as the same nodes."""
    accepted = 0
    for seed in range(MUTANTS):
        text = corpora.mutant(READABLE, seed)
        theirs, parsed = corpora.official(text), parse(text)
        if text.strip():
            ours = None if parsed.errors else parsed.program
            assert ours == theirs, text
            accepted += theirs is not None
    assert MUTANTS / 10 < accepted < MUTANTS / 2


def test_what_the_official_parser_dies_of_is_read() -> None:
    """A `creg` with a size among a subroutine's arguments."""
    assert corpora.official(DIES) is None
    parsed = parse(DIES)
    assert parsed.errors == ()
    [definition] = parsed.program.statements
    assert definition.arguments[0].type == ast.BitType(ast.IntegerLiteral(3))


@pytest.mark.parametrize("text", ["", " \n", "// nothing", "/* nothing\n */"])
def test_nothing_is_a_program(text: str) -> None:
    """A text without a statement has no mistake either."""
    assert parse(text) == Parsed(ast.Program([]))


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("x q", 1, 4, "Unexpected end of the program; is there a ';' missing?"),
        ("x q\ny q;", 2, 1, "Unexpected 'y'; is there a ';' missing before it?"),
        ("x q[0;", 1, 6, "Unexpected ';'."),
        ("bit b = ;", 1, 9, "Unexpected ';'."),
        ("h @ q;", 1, 3, "Unexpected '@'."),
        ("if (true) { x q;", 1, 11, "This '{' is never closed."),
        ("x q; }", 1, 6, "Unexpected '}'."),
        ("break;", 1, 1, "'break' statement outside loop."),
        ("return 1;", 1, 1, "'return' statement outside subroutine."),
        ("gate g q { bit b; }", 1, 12, "Cannot declare classical variables in a gate."),
        ("if (true) { qubit q; }", 1, 13, "Qubit declarations must be global."),
        ("int[0] i;", 1, 4, "Int size must be positive."),
        ("complex[int] c;", 1, 9, "Invalid type of complex components."),
        ("switch (1) { default {} case 1 {} }", 1, 25, "'case' statement after 'default'."),
        ("x q; OPENQASM 3;", 1, 6, "Unexpected 'OPENQASM'."),
        ('include "a', 1, 9, "Unexpected '\"a'."),
        ("f(sizeof());", 1, 3, "'sizeof' needs either one or two arguments."),
        ("x \xb2;", 1, 3, "Unexpected '\xb2'."),
        ("ctrl @\x80 x q, r;", 1, 7, "Unexpected '\x80'."),
        ("x a\x80b;", 1, 4, "Unexpected '\x80'; is there a ';' missing before it?"),
        ("c" + "[0]" * 400 + " = 1;", 1, 902, "There are more than 300 indices in a row."),
    ],
)
def test_a_mistake_has_its_place(text: str, line: int, column: int, message: str) -> None:
    """Where the first thing stands that does not fit, from 1, and what it is."""
    assert _refusal(text) == (line, column, message)


def test_one_mistake_hides_no_other() -> None:
    """Statement by statement, also within blocks, and what is right around them is read."""
    parsed = parse("x q\n;\ny[ q;\nif (true) { z q; h [; x q; }\nfor int i in {} { }\ny q;\nmeasure;\n")
    assert [(error.span.start_line, error.span.start_column + 1) for error in parsed.errors] == [
        (3, 5),
        (4, 21),
        (5, 15),
        (7, 8),
    ]
    kinds = [type(statement).__name__ for statement in parsed.program.statements]
    assert kinds == ["QuantumGate", "BranchingStatement", "QuantumGate"]
    [_, branch, _] = parsed.program.statements
    assert [statement.name.name for statement in branch.if_block] == ["z", "x"]


def test_no_more_mistakes_are_told_than_a_person_reads() -> None:
    """After twenty the parser gives up, also where there are thousands."""
    assert len(parse("x;y z w;" * 5000).errors) == 20


@pytest.mark.parametrize(
    "text",
    [
        "bit b = " + "(" * 5000,
        "bit b = " + "-" * 5000 + "1;",
        "bit b = " + "1 ** " * 5000 + "1;",
        "{" * 5000,
        "if (true) " * 5000,
        "x q" + "[a" * 5000,
        "array[int, 1] a = " + "{" * 5000,
        "bit b = " + "f(" * 5000,
        "bit b = " + "bool(" * 5000,
        "while (true) " * 5000 + ";",
        "bit b = " + "durationof({" * 5000,
        "bit b = " + "1 + " * 5000 + "1;",
        "bit b = a" + "[0]" * 5000 + ";",
    ],
)
def test_what_is_too_deep_is_refused(text: str) -> None:
    """Whatever it is that stands within itself, or in a row that makes a deep tree."""
    assert parse(text).errors[0].code is Code.NESTING


@pytest.mark.parametrize("number", ["1" * 401, "0x" + "f" * 400, '"' + "01" * 201 + '"', "1." + "0" * 400 + "s"])
def test_a_number_that_is_too_long_is_refused(number: str) -> None:
    """In any form, before it is made."""
    [error] = parse(f"x q; bit b = {number};").errors
    assert (error.code, error.span.start_column, error.span.end_column) == (Code.NUMBER, 13, 13 + len(number))
