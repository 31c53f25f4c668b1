"""A cursor over tokens, and how what does not fit is refused."""

from quantum_tasks.errors import Code

from quantum_qasm.diagnostics import Diagnostic, SourceError
from quantum_qasm.parsing.lexer import END, tokens_of
from quantum_qasm.spans import Lines, Span

MAX_DEPTH = 150
"""Brackets, operators and statements within each other. What reads them recurses; this keeps it far from any limit."""

_SHOWN = 40


class Reading:
    """Reads tokens one after another."""

    def __init__(self, text: str) -> None:
        tokens = tokens_of(text)
        self.kinds = tokens.kinds
        self.texts = tokens.texts
        self.starts = tokens.starts
        self.lines = Lines(text)
        self.at = 0
        """The place of the next token."""
        self.depth = 0

    def span(self, first: int) -> Span:
        """What was read from a token on."""
        last = self.at - 1
        return Span(self.lines, self.starts[first], self.starts[last] + len(self.texts[last]))

    def expect(self, kind: str) -> None:
        """Read a token of this kind."""
        if self.kinds[self.at] != kind:
            raise self.unexpected(kind)
        self.at += 1

    def enter(self) -> None:
        """Go one deeper; who comes back from there takes one from `depth`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.refused(self.at, f"The program is nested more than {MAX_DEPTH} deep.", Code.NESTING)

    def unexpected(self, wanted: str = "") -> SourceError:
        """The refusal of the next token, where another one was wanted."""
        ended = self.kinds[self.at] is END
        message = "Unexpected end of the program" if ended else f"Unexpected '{_shortened(self.texts[self.at])}'"
        if wanted == ";":
            message += "; is there a ';' missing?" if ended else "; is there a ';' missing before it?"
        else:
            message += "."
        return self.refused(self.at, message)

    def refused(self, first: int, message: str, code: Code = Code.SYNTAX) -> SourceError:
        """The refusal of what was read from a token on, or of that token."""
        start = self.starts[first]
        last = max(first, self.at - 1)
        end = self.starts[last] + len(self.texts[last])
        if not message.endswith((".", "?", "!")):
            message = message[:1].upper() + message[1:] + "."
        return SourceError(Diagnostic(code, message, Span(self.lines, start, end)))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
