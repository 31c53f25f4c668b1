"""`python -m support.openqasm_page`: docs/openqasm.md, made of the programs that the tests run and refuse."""

import sys
from collections.abc import Iterator

from quantum_qasm.check import check
from quantum_qasm.externs import EXTERNS
from quantum_qasm.pragmas import FORMS
from support import corpora, features, refusals, specification
from support.corpora import ON_REQUEST
from support.language_limits import CIRCUITS, RUN, WRITTEN

INCLUDE = 'include "stdgates.inc";\n'

_HEAD = """\
# OpenQASM 3, as it runs here

The programs are tests: each has been run to the outcome beside it, or refused in these words. What Qiskit's importer
reads runs on Aer; programs whose control flow follows from measurements, and what the importer cannot read, run on a
machine of our own (see [ADR 0017](adr/0017-a-front-end-of-our-own.md)). What that machine has not, another method than
state vectors or the memory, Aer has for such programs, too, if no loop, index or exponent in them follows from a
measurement. `make generate` writes this page.

Integers, floats and angles without a width have 64 bits. A variable to which nothing was assigned is 0. `a && b`
evaluates both. Gates take no time: `delay`, `box` and `barrier` are checked and have no effect, `durationof` is 0.

Counts are of the bits and registers that are declared outside of any scope. Where a program declares `output`s, counts
are of those that have bits (integers and angles as their binary digits), and the result has the values of all of them
by their names, too. Where it declares neither registers nor outputs, all variables outside of any scope are outputs.
The values of `input`s come with the task.

"""

_NOT_YET = """\
## Not yet

| what | refused as |
|---|---|
| `extern`, when it is called and is none of those above, nor bound to one | `extern.unbound` |
| `defcal`, `cal`, `defcalgrammar`, if no pragma leaves them out | `pulse.unsupported` |
| ranges whose ends are no constants, and in no known distance from each other | `sem.unsupported` |
| aliases of elements of arrays, and of bits that a variable picks of several registers | `sem.unsupported` |
| `++` outside of `let`, which the official grammar lacks, too | `syntax.invalid` |
"""


def page() -> str:
    """The whole page."""
    parts = [*_features(), *_externs(), *_refusals(), *_sections(), *_limits(), *_examples()]
    return _HEAD + "\n".join(parts) + "\n" + _NOT_YET


def _features() -> Iterator[str]:
    for section, found in features.SECTIONS.items():
        yield f"## {section}\n"
        yield "| what | program | counts |"
        yield "|---|---|---|"
        for name, (body, outcome) in found.items():
            yield f"| {name} | `{_cell(body)}` | `{outcome}` |"
        yield ""


def _externs() -> Iterator[str]:
    yield "## What a program may ask for\n"
    yield "A line of the program asks for it, before what it is about. Other pragmas are for others, and no mistake.\n"
    yield "| pragma | what it does |"
    yield "|---|---|"
    for form, told in FORMS.items():
        yield f"| `{form}` | {told} |"
    yield ""
    yield "## Externs that are bound\n"
    yield "For any width `n`, and any types of `...`, whose values make no difference.\n"
    yield "| declaration | value |"
    yield "|---|---|"
    for bound in EXTERNS.values():
        yield f"| `{bound.declaration}` | {bound.told} |"
    yield ""


def _refusals() -> Iterator[str]:
    yield "## Refused\n"
    yield "| program | code | message | hint |"
    yield "|---|---|---|---|"
    for body, _, column, message, hint in refusals.REFUSED:
        [found] = check(INCLUDE + body).errors
        yield f"| `{_cell(body)}` | `{found.code}` | {column}: {_cell(message)} | {_cell(hint)} |"
    yield ""


def _sections() -> Iterator[str]:
    yield "## The specification, section by section\n"
    yield "| section | what runs | what is refused |"
    yield "|---|---|---|"
    for section, shown in specification.SECTIONS.items():
        runs = ", ".join(one for one in shown if one in features.EXACT)
        refused = ", ".join(f"`{_cell(one)}`" for one in shown if one not in features.EXACT)
        yield f"| {section} | {runs} | {refused} |"
    yield ""


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    for told, limits in (
        ("Of every program that is compiled here, and most of them of those that the importer reads:", WRITTEN),
        ("Of a program while it runs on the machine of our own, besides the task's deadline:", RUN),
        ("Of a program that Qiskit's importer reads:", CIRCUITS),
    ):
        yield f"{told}\n"
        yield "| what | at the most | refused as |"
        yield "|---|---|---|"
        for limit in limits:
            yield f"| {limit.what} | {limit.value:,} | `{limit.code}` |"
        yield ""


def _examples() -> Iterator[str]:
    yield "## The official examples\n"
    yield "| example | runs |"
    yield "|---|---|"
    for name, text in corpora.examples().items():
        yield f"| `{name}.qasm` | {_how_it_runs(name, text)} |"
    yield ""


def _how_it_runs(name: str, text: str) -> str:
    errors = check(text).errors
    if not errors:
        return "yes"
    told = f"`{errors[0].code}` at {errors[0].span.start_line}:{errors[0].span.start_column + 1}"
    pragmas = ON_REQUEST.get(name)
    if pragmas is None:
        return f"no: {told}"
    lines = ", ".join(f"`{line}`" for line in pragmas.splitlines())
    return f"{'no' if check(pragmas + text).errors else 'yes'}, with {lines}; without, {told}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    sys.stdout.write(page())
