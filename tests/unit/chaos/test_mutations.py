"""What `make chaos-mutations` takes out is still there to be taken out, and is found by faults that there are."""

from collections import Counter
from pathlib import Path

import pytest
from chaos.kubernetes.stack import KubernetesStack
from chaos.local.stack import LocalStack
from chaos.mutations import MUTATIONS, PARTS, ROOT, RUNS, Edit, Mutation, OutOfDateError, mutated, until_found
from chaos.run import restricted
from chaos.verdict.checker import Rule
from support.cluster import Cluster

FILE = "contract/quantum_tasks/scripts/finish.lua"


def sources() -> set[str]:
    """The paths of all that is copied."""
    files = (path for part in PARTS for path in (ROOT / part).rglob("*") if path.suffix in {".py", ".lua"})
    return {str(path.relative_to(ROOT)) for path in files}


def edited(*edits: Edit) -> Mutation:
    """A mutation with these edits."""
    return Mutation("a mutation", edits, ("kill",), Rule.NOTHING_LOST)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_mutation_changes_the_sources_of_today(mutation: Mutation) -> None:
    """Its texts are there once each, and a copy of the sources has what it puts in their place, and no more."""
    with mutated(mutation) as copy:
        changed = {name for name in sources() if (copy / name).read_bytes() != (ROOT / name).read_bytes()}
        texts = {name: (copy / name).read_text() for name in changed}
    assert changed == {name for name, _, _ in mutation.edits}
    assert all(new in texts[name] for name, _, new in mutation.edits)
    for name in changed:
        if name.endswith(".py"):
            compile(texts[name], name, "exec")


@pytest.mark.parametrize("mutation", [one for one in MUTATIONS if one.stack == "local"], ids=lambda one: one.name)
def test_each_mutation_is_shown_by_faults_that_the_local_stack_has(mutation: Mutation, tmp_path: Path) -> None:
    """The kinds and targets of its run are the stack's own, wherever the suite runs."""
    assert restricted(LocalStack(tmp_path, tmp_path / "log").harms, frozenset(mutation.only))


@pytest.mark.parametrize("mutation", [one for one in MUTATIONS if one.stack == "kubernetes"], ids=lambda one: one.name)
def test_each_mutation_is_shown_by_faults_that_the_kubernetes_stack_has(mutation: Mutation, tmp_path: Path) -> None:
    """The kinds and targets of its run are the stack's own, which needs no cluster to know them."""
    nowhere = Cluster(tmp_path / "kubeconfig", ["kubectl"], None)
    assert restricted(KubernetesStack(nowhere).harms, frozenset(mutation.only))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_an_image_can_be_made_of_the_copy(mutation: Mutation) -> None:
    """It has every file that the operator's Dockerfile takes in."""
    needed = {"pyproject.toml", "README.md", "LICENSE", "locks/build.txt", "locks/operator.txt", "operator/Dockerfile"}
    with mutated(mutation) as copy:
        assert {name for name in needed if (copy / name).read_bytes() == (ROOT / name).read_bytes()} == needed


@pytest.mark.parametrize("old", ["this text is nowhere", "local"])
def test_a_text_that_is_not_there_once_is_out_of_date(old: str) -> None:
    """Neither what has gone, nor what stands there several times, is taken for the text that was meant."""
    with pytest.raises(OutOfDateError, match=FILE), mutated(edited((FILE, old, ""))):
        pass


def test_edits_of_one_file_follow_each_other() -> None:
    """The second edit finds what the first one left, and nothing of it is in the sources themselves."""
    before = (ROOT / FILE).read_bytes()
    first = before.decode().splitlines()[0]
    with mutated(edited((FILE, first, "-- one"), (FILE, "-- one", "-- two"))) as copy:
        assert (copy / FILE).read_text().startswith("-- two")
    assert (ROOT / FILE).read_bytes() == before
    assert not copy.exists()


@pytest.mark.parametrize(("breaks_with", "seeds"), [(4, [4]), (5, [4, 5]), (99, [4, 5, 6])])
def test_a_mutation_is_looked_for_until_it_is_found(breaks_with: int, seeds: list[int]) -> None:
    """With one seed after the other, a few times; another promise that breaks is not the one that rests on it."""
    asked: list[int] = []

    def run(mutation: Mutation, seed: int) -> Counter[Rule]:
        asked.append(seed)
        return Counter({Rule.RIGHT_RESULTS: 1, mutation.breaks: int(seed == breaks_with)})

    runs = until_found(edited(), 4, run)
    assert asked == seeds
    assert len(runs) == len(seeds) <= RUNS
    assert bool(runs[-1][Rule.NOTHING_LOST]) is (breaks_with in seeds)
