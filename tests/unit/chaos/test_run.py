"""What a run is told to do: which faults, and what it refuses."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import pytest
from chaos.faults import Harm
from chaos.local.stack import LocalStack
from chaos.run import Options, restricted, run


def never(target: str, random: Random) -> AbstractContextManager[Mapping[str, str]]:
    """A harm that is chosen only."""
    raise AssertionError(f"{target} was hurt, {random}")


HARMS = {
    "kill": Harm(("api", "redis", "worker's child"), never),
    "pause": Harm(("api", "redis"), never, 0.5, 6),
    "slow network": Harm(("api to redis",), never, 1, 2),
}


@pytest.mark.parametrize(
    ("only", "left"),
    [
        (
            [],
            {"kill": ("api", "redis", "worker's child"), "pause": ("api", "redis"), "slow network": ("api to redis",)},
        ),
        (["kill"], {"kill": ("api", "redis", "worker's child")}),
        (["pause of redis"], {"pause": ("redis",)}),
        (["kill of worker's child"], {"kill": ("worker's child",)}),
        (["slow network of api to redis"], {"slow network": ("api to redis",)}),
        (["pause of redis", "pause of api"], {"pause": ("api", "redis")}),
        (["pause of redis", "kill"], {"kill": ("api", "redis", "worker's child"), "pause": ("redis",)}),
        (["pause", "pause of redis"], {"pause": ("api", "redis")}),
    ],
    ids=", ".join,
)
def test_only_what_is_wanted_is_left(only: list[str], left: Mapping[str, tuple[str, ...]]) -> None:
    """A kind stands for all its targets, "kind of target" for that one, and nothing for all there are."""
    assert {name: harm.targets for name, harm in restricted(HARMS, frozenset(only)).items()} == left


def test_what_is_left_of_a_harm_is_as_it_was() -> None:
    """Its targets are fewer, and the rest of it is the same."""
    [pause] = restricted(HARMS, frozenset({"pause of api"})).values()
    assert (pause.begin, pause.shortest, pause.longest) == (never, 0.5, 6)


@pytest.mark.parametrize("unknown", ["fire", "kill of nobody", "pause of worker's child", "kill of", "of api", "Kill"])
def test_what_the_stack_does_not_have_is_refused(unknown: str) -> None:
    """A misspelt fault would be a run without any: it is named, together with those that there are."""
    with pytest.raises(ValueError, match=f"not on this stack: {unknown};.*'kill of redis'"):
        restricted(HARMS, frozenset({"kill", unknown}))


def test_a_run_with_an_unknown_fault_does_not_begin(tmp_path: Path) -> None:
    """It is refused before any client is at work."""
    stack = LocalStack(tmp_path, tmp_path / "log")
    with pytest.raises(ValueError, match=r"not on this stack: fire; there are .*'client goes away of connected'"):
        run(stack, Options(seed=1, minutes=1, only=frozenset({"fire"})), tmp_path, print)
    assert (tmp_path / "history.jsonl").read_bytes() == b""
