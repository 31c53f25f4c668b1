"""Where the ways that a branch may go come together again: the immediate postdominators of a row of instructions.

Source: Cooper, Harvey, Kennedy (2001), "A simple, fast dominance algorithm", on the reversed graph.
"""

from quantum_qasm.ir import Branch, Code, End, Jump, Return


def joins(code: Code) -> list[int | None]:
    """For each instruction the first one that every way from it to the end passes; None where no way ends.

    The end is the number of instructions.
    """
    end = len(code.instructions)
    after = [_next(code, at) for at in range(end)]
    before: list[list[int]] = [[] for _ in range(end + 1)]
    for at, followers in enumerate(after):
        for follower in followers:
            before[follower].append(at)
    order = _postorder(before, end)
    rank = {at: place for place, at in enumerate(order)}
    found: list[int | None] = [None] * (end + 1)
    found[end] = end
    changed = True
    while changed:
        changed = False
        for at in reversed(order[:-1]):
            known = [follower for follower in after[at] if follower in rank and found[follower] is not None]
            meeting = known[0]
            for other in known[1:]:
                meeting = _meeting(meeting, other, found, rank)
            if found[at] != meeting:
                found[at] = meeting
                changed = True
    return found


def _next(code: Code, at: int) -> tuple[int, ...]:
    match code.instructions[at]:
        case Branch(otherwise=otherwise):
            return (at + 1, otherwise)
        case Jump(to=to):
            return (to,)
        case Return() | End():
            return (len(code.instructions),)
    return (at + 1,)


def _postorder(before: list[list[int]], end: int) -> list[int]:
    """From the end backwards, the end last."""
    order: list[int] = []
    seen = {end}
    open_: list[tuple[int, int]] = [(end, 0)]
    while open_:
        at, place = open_.pop()
        if place == len(before[at]):
            order.append(at)
            continue
        open_.append((at, place + 1))
        follower = before[at][place]
        if follower not in seen:
            seen.add(follower)
            open_.append((follower, 0))
    return order


def _meeting(one: int, other: int, found: list[int | None], rank: dict[int, int]) -> int:
    while one != other:
        while rank[one] < rank[other]:
            one = _of(found, one)
        while rank[other] < rank[one]:
            other = _of(found, other)
    return one


def _of(found: list[int | None], at: int) -> int:
    meeting = found[at]
    assert meeting is not None  # noqa: S101 - it has been reached before
    return meeting
