"""Programs made of others: with tokens and characters taken out, put in, repeated, exchanged and replaced."""

from random import Random

from quantum_qasm.parsing.lexer import KEYWORDS, tokens_of

MOST_CHARACTERS = 8000
"""Of a program that was made of others; longer ones are made by `hostile`."""

_NUMBERS = (
    *("0", "1", "-1", "2", "3", "7", "63", "64", "65", "99", "400", "999", "1000", "1001", "4096", "4097", "10000"),
    *("2147483647", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1" + "0" * 60),
    *("0x" + "f" * 30, "0b1", '"0"', '"0110"', "0.0", "0.5", "1.5", "1e308", "1e400", "1e-400", "2im", "10ns", "3dt"),
    *("true", "false", "pi", "(0/1)", "(1/0)", "(0.0 * 1e400)", "(1 << 62)", "(-9)", "(2 ** 63)", "sizeof(a)"),
)
_OPERATORS = (
    *("+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "&&", "||", "==", "!=", "<", ">", "<=", ">="),
    *("=", "+=", "-=", "**=", "<<=", "~", "!", ":", ",", ";", "->", "++", "@", "[", "]", "{", "}", "(", ")"),
)
_TYPES = (
    *("int", "uint", "float", "angle", "bool", "bit", "complex", "duration", "int[8]", "uint[1]", "angle[3]"),
    *("float[32]", "float[16]", "bit[0]", "bit[3]", "uint[4096]", "complex[float[32]]", "array[int, 2]", "int[1]"),
)
_CHARACTERS = (
    *(
        '"',
        "'",
        "/*",
        "*/",
        "//",
        "\n",
        "\r",
        "\0",
        "\t",
        "@",
        "#pragma ",
        "#dim",
        "$",
        "$0",
        "\\",
        "_",
        "\xb5s",
        "\xa0",
    ),
    *("\xb2", "\u03c0", "\u2107", "\u200b", "\u0660", "\ud800", "\U0001d7d8", "\U0010ffff", "\ufeff", "\x80", "e", "."),
)


def mutant(programs: list[str], random: Random) -> str:
    """One of the programs, changed in one to six places."""
    text = random.choice(programs)
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        change = random.choice((_of_tokens, _of_tokens, _of_tokens, _of_statements, _of_statements, _of_characters))
        text = change(text, programs, random)[:MOST_CHARACTERS]
    return text


def _of_tokens(text: str, programs: list[str], random: Random) -> str:
    pieces = _pieces(text)
    first = random.randrange(len(pieces) + 1)
    last = min(len(pieces), first + random.choice((0, 1, 1, 1, 2, 3, 8)))
    part = pieces[first:last]
    match random.randrange(7):
        case 0:
            part = []
        case 1:
            part = part * random.choice((2, 3, 20))
        case 2:
            part = [random.choice(("(", "-", "{", "[", "int(", "bool(")), *part, random.choice((")", "}", "]", ""))]
        case 3:
            others = _pieces(random.choice(programs))
            place = random.randrange(len(others) + 1)
            part = others[place : place + random.choice((1, 2, 5))]
        case _:
            part = [_like(token, pieces, random) for token in part or [""]]
    return "".join([*pieces[:first], *part, *pieces[last:]])


def _pieces(text: str) -> list[str]:
    """The tokens, each with what stands before it."""
    tokens = tokens_of(text)
    ends = [start + len(token) for start, token in zip(tokens.starts, tokens.texts, strict=True)]
    return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _like(piece: str, pieces: list[str], random: Random) -> str:
    """Something of the kind of a token, most of the time."""
    token = piece.strip()
    if token[:1].isalpha():
        names = [other.strip() for other in pieces if other.strip()[:1].isalpha()]
        return " " + random.choice((random.choice(names), random.choice(_TYPES), random.choice(tuple(KEYWORDS))))
    if token[:1].isdigit() or token[:1] in ('"', "."):
        return " " + random.choice(_NUMBERS)
    return " " + random.choice((*_OPERATORS, *_NUMBERS, *_TYPES))


def _of_statements(text: str, programs: list[str], random: Random) -> str:
    """Some statement put into a program from itself or another one, taken out, or moved to elsewhere."""
    parts = _statements(text)
    place = random.randrange(len(parts))
    source = random.choice((parts, _statements(random.choice(programs))))
    taken = random.randrange(len(source))
    put = source[taken : taken + random.choice((1, 1, 2, 4))]
    match random.randrange(4):
        case 0:
            del parts[place]
        case 1:
            parts[place : place + 1] = put
        case 2:
            wrap = random.choice(("if (true) {", "for int i in [0:2] {", "{", "def f() {", "gate g a {", "while (1) {"))
            parts[place:place] = [wrap, *put, "}"]
        case _:
            parts[place:place] = put
    return "".join(parts)


def _statements(text: str) -> list[str]:
    return [part + end for part, end in zip(text.split(";"), [";"] * text.count(";") + [""], strict=True)]


def _of_characters(text: str, programs: list[str], random: Random) -> str:
    first = random.randrange(len(text) + 1)
    last = min(len(text), first + random.choice((0, 0, 1, 1, 4, 30)))
    match random.randrange(4):
        case 0:
            part = random.choice(_CHARACTERS)
        case 1:
            part = text[first:last][::-1]
        case 2:
            other = random.choice(programs)
            place = random.randrange(len(other) + 1)
            part = other[place : place + random.choice((1, 10, 200))]
        case _:
            part = "".join(chr(random.choice((random.randrange(128), random.randrange(0x3000)))) for _ in range(3))
    return text[:first] + part + text[last:]
