"""From text to tokens, by the lexical rules of the official grammar: the longest match wins.

The kind of a keyword or a symbol is its text. The other kinds are the constants below.
"""

import re
from dataclasses import dataclass, field
from itertools import groupby, takewhile
from unicodedata import category

IDENTIFIER = "<identifier>"
INTEGER = "<integer>"
FLOAT = "<float>"
IMAGINARY = "<imaginary>"
TIMING = "<timing>"
BITSTRING = "<bitstring>"
STRING = "<string>"
HARDWARE_QUBIT = "<hardware qubit>"
ANNOTATION = "<annotation>"
LINE_REST = "<rest of a line>"
VERSION = "<version>"
CALIBRATION = "<calibration>"
UNKNOWN = "<unknown>"
END = "<end of the program>"

_WORDS = """
    OPENQASM include defcalgrammar def cal defcal gate extern box let break continue if else end return for while in
    switch case default pragma input output const readonly mutable qreg qubit creg bool bit int uint float angle complex
    array void duration stretch gphase inv pow ctrl negctrl durationof delay reset measure barrier true false
"""
KEYWORDS = {word: word for word in _WORDS.split()}

_DIGITS = "[0-9](?:_?[0-9])*+"
_NUMBER = rf"""
      0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*+ | 0[bB][01](?:_?[01])*+ | 0o[0-7](?:_?[0-7])*+
    | (?: \.{_DIGITS} | {_DIGITS}(?:\.(?:{_DIGITS})?)? ) (?:[eE][+-]?{_DIGITS})?  (?:[ \t]*(?:dt|ns|us|\xb5s|ms|im|s))?
"""
_FIRST, _LATER = r"[A-Za-z_\x80-\U0010ffff]", r"[A-Za-z0-9_\x80-\U0010ffff]"
_TOKEN = re.compile(
    rf"""
    (?> [ \t\r\n]+ | //[^\r\n]* | /\*[\s\S]*?\*/ )*+
    (?:
        ( {_FIRST}{_LATER}*+ )
      | ( {_NUMBER} )
      | ( -> | \+\+ | \*\*=? | <<=? | >>=? | [=!<>+\-*/%&|^~]= | && | \|\| | \#dim | [\[\](){{}}:;,.=+\-*%|&^~!<>]
        | /(?!\*) )
      | ( @(?:{_FIRST}{_LATER}*+(?:\.{_FIRST}{_LATER}*+)*+)? )
      | ( \$[0-9]+ )
      | ( "[01](?:_?[01])*+" )
      | ( \#pragma )
      | ( "[^"\r\n]*+"? | '[^'\r\n]*+'? | /\*[\s\S]*+ | [\s\S] )
      | \Z
    )
    """,
    re.VERBOSE,
)
_WORD, _NUMERAL, _SYMBOL, _AT, _HARDWARE, _BITS, _PRAGMA, _OTHER = range(1, 9)

_VERSION = re.compile(r"[ \t\r\n]*([0-9]+(?:\.[0-9]+)?)")
_STRING = re.compile(r"""[ \t\r\n]*("[^"\r\t\n]+"|'[^'\r\t\n]+')""")
_LINE_REST = re.compile(r"[ \t]*([^ \t\r\n][^\r\n]*)?")
_IDENTIFIER_PARTS = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Nl"})


@dataclass(slots=True)
class Tokens:
    """The tokens of a text, in three lists of one length; the last one is END, at the end of what is written."""

    kinds: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    def add(self, kind: str, text: str, start: int) -> None:
        """Append one."""
        self.kinds.append(kind)
        self.texts.append(text)
        self.starts.append(start)


def tokens_of(text: str) -> Tokens:
    """The tokens of any text; what is none of the language's is UNKNOWN, such as a comment that never closes."""
    found = Tokens()
    position, is_ascii = 0, text.isascii()
    while position < len(text):
        position = _read(text, position, found, is_ascii=is_ascii)
    written = found.starts[-1] + len(found.texts[-1]) if found.kinds else 0
    found.add(END, "", written)
    return found


def _read(text: str, position: int, found: Tokens, *, is_ascii: bool) -> int:
    """Read tokens up to one after which other rules hold, and what these rules give. Returns where to go on."""
    kinds, texts, starts = found.kinds, found.texts, found.starts
    keyword = KEYWORDS.get
    for match in _TOKEN.finditer(text, position):
        group = match.lastindex
        if group is None:
            break
        token, start = match[group], match.start(group)
        if group == _SYMBOL:
            kind = token
        elif group == _WORD:
            kind = keyword(token, IDENTIFIER)
            if kind is IDENTIFIER and not is_ascii and not all(map(_is_of_names, token)):
                _add_parts(token, start, found)
                continue
        elif group == _NUMERAL:
            kind = _kind_of_number(token)
        else:
            kind, token = _kind_of_other(group, token)
        kinds.append(kind)
        texts.append(token)
        starts.append(start)
        if kind == "@" and match.end() > start + 1:
            return start + 1  # what follows is no name
        if kind in _MODES:
            return _MODES[kind](text, start + len(token), found)
    return len(text)


def _kind_of_other(group: int, token: str) -> tuple[str, str]:
    """The kind of a token that is no word, number or symbol, and as much of it as is one."""
    if group != _AT:
        return _KINDS.get(group, UNKNOWN), token
    name = _annotation(token)
    return ("@", name) if len(name) == 1 else (ANNOTATION, name)


def _is_of_names(character: str) -> bool:
    """Whether a character of a word may be in an identifier."""
    return character.isascii() or category(character) in _IDENTIFIER_PARTS


def _add_parts(token: str, start: int, found: Tokens) -> None:
    """Add what a word is made of, if not all of it is an identifier: no program with such a word can be read."""
    for is_name, characters in groupby(token, _is_of_names):
        part = "".join(characters)
        found.add(IDENTIFIER if is_name else UNKNOWN, part, start)
        start += len(part)


def _annotation(token: str) -> str:
    """As much of an annotation's name as is one."""
    parts: list[str] = []
    for part in token[1:].split("."):
        parts.append("".join(takewhile(_is_of_names, part)))
        if parts[-1] != part:
            break
    return "@" + ".".join(parts).rstrip(".")


def _kind_of_number(token: str) -> str:
    last = token[-1]
    if last == "m":
        return IMAGINARY
    if last in "st":
        return TIMING
    if token[:2] in ("0x", "0X"):
        return INTEGER
    return FLOAT if "." in token or "e" in token or "E" in token else INTEGER


def _version(text: str, position: int, found: Tokens) -> int:
    return _one(_VERSION, VERSION, text, position, found)


def _string(text: str, position: int, found: Tokens) -> int:
    return _one(_STRING, STRING, text, position, found)


def _line_rest(text: str, position: int, found: Tokens) -> int:
    return _one(_LINE_REST, LINE_REST, text, position, found)


def _one(pattern: re.Pattern[str], kind: str, text: str, position: int, found: Tokens) -> int:
    match = pattern.match(text, position)
    if match is None:
        return position
    if match[1] is not None:
        found.add(kind, match[1], match.start(1))
    return match.end()


def _calibration(text: str, position: int, found: Tokens) -> int:
    """Read up to the block of a calibration, and the block, whose language is another one."""
    for match in _TOKEN.finditer(text, position):
        group = match.lastindex
        if group is None:
            return len(text)
        part, start = match[group], match.start(group)
        if group == _SYMBOL and part in ";{":
            if part == ";":
                return start  # no block at all: the parser says so
            found.add(part, part, start)
            return _block(text, start + 1, found)
        if group == _WORD:
            found.add(part if part in _IN_CALIBRATIONS else IDENTIFIER, part, start)
        elif group == _NUMERAL:
            found.add(_kind_of_number(part), part, start)
        else:
            found.add(part if group == _SYMBOL else _KINDS.get(group, UNKNOWN), part, start)
    return len(text)


def _block(text: str, position: int, found: Tokens) -> int:
    """The text up to the brace that closes a block, if there is any text."""
    depth = 1
    for match in _BRACE.finditer(text, position):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            if match.start() > position:
                found.add(CALIBRATION, text[position : match.start()], position)
            return match.start()
    found.add(CALIBRATION, text[position:], position)
    return len(text)


_BRACE = re.compile("[{}]")
_IN_CALIBRATIONS = frozenset(
    [
        "qreg",
        "qubit",
        "creg",
        "bool",
        "bit",
        "int",
        "uint",
        "float",
        "angle",
        "complex",
        "array",
        "duration",
        "measure",
        "delay",
        "reset",
    ]
)
"""The words that are none but keywords before a calibration's block."""

_KINDS = {_HARDWARE: HARDWARE_QUBIT, _BITS: BITSTRING, _PRAGMA: "pragma", _AT: ANNOTATION}
_MODES = {
    "OPENQASM": _version,
    "include": _string,
    "defcalgrammar": _string,
    "pragma": _line_rest,
    ANNOTATION: _line_rest,
    "cal": _calibration,
    "defcal": _calibration,
}
