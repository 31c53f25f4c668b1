"""The short lane of the chaos suite: a minute of faults on the local stack. `make chaos` is the long one."""

from pathlib import Path

from chaos.run import Options, local_stack, run

SEED = 1
LEAST_KINDS = 8
LEAST_ACCEPTED = 100


def test_no_promise_is_broken_under_faults(tmp_path: Path) -> None:
    """While parts are killed, paused and cut off from each other, no task is lost, changed or run for nothing."""
    with local_stack(tmp_path) as stack:
        verdict = run(stack, Options(SEED, minutes=1.2, every_seconds=3.0), tmp_path, print)
    assert not verdict.violations, verdict.report.markdown()
    assert len(verdict.report.faults) >= LEAST_KINDS
    assert verdict.report.accepted >= LEAST_ACCEPTED
