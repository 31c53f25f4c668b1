"""Aliases of bits, of several registers and of other aliases, against lists of places in Python."""

from operator import or_, xor
from random import Random

import pytest
from quantum_qasm.check import check
from quantum_runner.engines import vm

PROGRAMS, PARTS = 300, 5

Places = list[tuple[str, int]]
"""The bits that a name means: their registers, and where they are there."""


class Written:
    """A program while it is written, with the bits of its registers as they are by then."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.widths = {f"r{number}": random.randint(1, 6) for number in range(random.randint(1, 4))}
        self.lines = [f"bit[{width}] {name};" for name, width in self.widths.items()]
        self.bits = {name: [0] * width for name, width in self.widths.items()}
        self.names: dict[str, Places] = {name: [(name, at) for at in range(w)] for name, w in self.widths.items()}

    def alias(self) -> None:
        """Another name for some bits, none of them twice."""
        terms, places = [], list[tuple[str, int]]()
        for _ in range(self.random.randint(1, 3)):
            text, found = self.picked()
            if not set(found) & set(places):
                terms.append(text)
                places += found
        name = f"a{len(self.lines)}"
        self.lines.append(f"let {name} = {' ++ '.join(terms)};")
        if terms[1:] or not _is_one_bit(terms[0]):  # of which none can be picked
            self.names[name] = places

    def picked(self) -> tuple[str, Places]:
        """A name, or something of what it means."""
        name = self.random.choice(list(self.names))
        places = self.names[name]
        size = len(places)
        match self.random.choice(["whole", "bit", "range", "backwards", "set"]):
            case "bit":
                at = self.random.randrange(size)
                return f"{name}[{at - size * self.random.randint(0, 1)}]", [places[at]]
            case "range":
                first, step = self.random.randrange(size), self.random.randint(1, 2)
                last = self.random.randrange(first, size)
                return f"{name}[{first}:{step}:{last}]", places[first : last + 1 : step]
            case "backwards":
                last = self.random.randrange(size)
                return f"{name}[{last}:-1:0]", places[last::-1]
            case "set":
                chosen = self.random.sample(range(size), self.random.randint(1, size))
                return f"{name}[{{{', '.join(map(str, chosen))}}}]", [places[at] for at in chosen]
        return name, places

    def assignment(self) -> None:
        """Some bits become others."""
        name = self.random.choice(list(self.names))
        places = self.names[name]
        if self.random.random() < 0.5:
            at, value = self.random.randrange(len(places)), self.random.randrange(2)
            variable = f"i{len(self.lines)}"
            self.lines.append(f"int {variable} = {at}; {name}[{variable}] = {value};")
            self.put([places[at]], [value])
            return
        values = [self.random.randrange(2) for _ in places]
        operator, before = self.random.choice(["=", "^=", "|="]), self.values(places)
        digits = "".join(str(value) for value in reversed(values))
        self.lines.append(f'{name} {operator} "{digits}";')
        if operator != "=":
            combine = xor if operator == "^=" else or_
            values = [combine(*pair) for pair in zip(before, values, strict=True)]
        self.put(places, values)

    def copy(self) -> None:
        """A register of its own has what some bits are now."""
        text, places = self.picked()
        name = f"c{len(self.lines)}"
        width, target = (1, f"{name}[0]") if _is_one_bit(text) else (len(places), name)
        self.lines.append(f"bit[{width}] {name}; {target} = {text};")
        self.bits[name] = self.values(places)

    def values(self, places: Places) -> list[int]:
        """What these bits are."""
        return [self.bits[name][at] for name, at in places]

    def put(self, places: Places, values: list[int]) -> None:
        """Have these bits be something else."""
        for (name, at), value in zip(places, values, strict=True):
            self.bits[name][at] = value

    def counts(self) -> str:
        """The one outcome of the program."""
        return " ".join("".join(map(str, reversed(bits))) for bits in reversed(self.bits.values()))


def _is_one_bit(text: str) -> bool:
    return "[" in text and ":" not in text and "{" not in text


@pytest.mark.parametrize("part", range(PARTS))
def test_an_alias_is_the_bits_that_it_was_made_of(part: int) -> None:
    """Whatever is assigned through it is there, and nowhere else; and it has what is assigned to them."""
    for number in range(part, PROGRAMS, PARTS):
        random = Random(f"aliases {number}")  # noqa: S311 - to be the same at each run
        written = Written(random)
        for _ in range(12):
            random.choice([written.alias, written.alias, written.assignment, written.assignment, written.copy])()
        text = "\n".join(written.lines)
        checked = check(text)
        assert checked.errors == (), text
        assert checked.program, text
        assert vm.run(checked.program, 1, 1, most_bytes=2**20) == {written.counts(): 1}, text
