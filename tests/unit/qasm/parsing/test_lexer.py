"""Tokens, compared with those of the official lexer."""

import pytest
from antlr4 import InputStream
from openqasm3.parser import qasm3Lexer
from quantum_qasm.parsing import lexer
from quantum_qasm.parsing.lexer import tokens_of
from support import corpora

_DEFAULT_CHANNEL = 0

WORDS = [
    "5 s1",
    "1.s 1\xb5s 1\u03bcs 2dt3 1 .5 ..1 1e 1e+ 1.e5 1e3 im 3ims",
    "0x1F 0X1f 0x_1 0b1_0 1_0 0B1 0o7 0O7 1__0 1_000.5e-1_0",
    "@a.b c d\nx @ y; x@y; @\xf1.\xe9 f",
    "#pragma x y\nz #pragmax\n pragmatic pragma\nx",
    "OPENQASM\n 3.0; OPENQASM 3;",
    'include \'a.b\'; include "0"; defcalgrammar "openpulse";',
    '"01" "0_1" #dim $12 \xb5 \u2177x a\xb2b \xe9\u4e2d',
    "a**=b**c<<=d>>e>=f!=g==h&&i||j^=k~=l->m++n%=o",
    "// x\n/* y ; */z",
    "cal { a {b} c } x cal {} y cal { unclosed",
    "defcal x(angle[20] a) $0, q -> bit { a {b} } defcal measure $0 { z }",
]


def _official(text: str) -> list[tuple[str, int]]:
    found = qasm3Lexer(InputStream(text))
    found.removeErrorListeners()
    tokens = iter(found.nextToken, None)
    result: list[tuple[str, int]] = []
    for token in tokens:
        if token.type == -1:
            return result
        if token.channel == _DEFAULT_CHANNEL:
            result.append((token.text, token.start))
    return result


def _ours(text: str) -> list[tuple[str, int]]:
    found = tokens_of(text)
    words = zip(found.kinds, found.texts, found.starts, strict=True)
    return [(word, start) for kind, word, start in words if kind not in (lexer.UNKNOWN, lexer.END)]


@pytest.mark.parametrize("text", WORDS)
def test_tokens_are_those_of_the_official_lexer(text: str) -> None:
    """Whatever stands beside each other, the longest match wins in the same way."""
    assert _ours(text) == _official(text)


@pytest.mark.parametrize("text", [*corpora.examples().values(), *corpora.valid().values()])
def test_tokens_of_programs_are_those_of_the_official_lexer(text: str) -> None:
    """Every program of the corpora has the same tokens at the same places."""
    assert _ours(text) == _official(text)


@pytest.mark.parametrize("text", ["\x00", "'", '"abc', '"', "'a", "\xb2", "?", "`", "\\", "\ud800", "\x0c x", "/* a"])
def test_what_is_no_token_is_unknown(text: str) -> None:
    """Characters of no token are a token of that kind, and reading goes on; so is a comment that never closes."""
    assert tokens_of(text).kinds[0] == lexer.UNKNOWN
    assert tokens_of(text).kinds[-1] == lexer.END


def test_the_end_is_where_the_last_token_ends() -> None:
    """An error at the end of a program points to where something is missing."""
    assert tokens_of("x q  // then nothing\n\n").starts == [0, 2, 3]
    assert tokens_of("").starts == [0]
