"""How the worker is set up."""

import os
from pathlib import Path

import pytest
from quantum_runner.service import check_heartbeat, memory_per_simulation

GIB = 2**30
MIB = 2**20


def test_simulations_share_what_the_processes_leave() -> None:
    """Two simulations in 4 GiB get nine tenths of half of what supervisor and children leave."""
    assert memory_per_simulation(4 * GIB, 2) == int((4 * GIB - 128 * MIB - 2 * 96 * MIB) * 0.9) // 2


def test_a_tiny_container_still_runs_small_circuits() -> None:
    """A container that is too small for its processes leaves each simulation 16 MiB: 2^20 amplitudes."""
    assert memory_per_simulation(64 * MIB, 1) == 16 * MIB


def test_a_fresh_heartbeat_is_healthy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat file that was touched just now means a worker that is well."""
    beat = tmp_path / "beat"
    beat.touch()
    monkeypatch.setenv("QT_HEARTBEAT_FILE", str(beat))
    assert check_heartbeat() == 0


def test_an_old_heartbeat_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat file older than a lease means a worker that hangs."""
    beat = tmp_path / "beat"
    beat.touch()
    os.utime(beat, (1, 1))
    monkeypatch.setenv("QT_HEARTBEAT_FILE", str(beat))
    assert check_heartbeat() == 1


def test_no_heartbeat_is_not_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat file that is not there yet means a worker that has not begun."""
    monkeypatch.setenv("QT_HEARTBEAT_FILE", str(tmp_path / "beat"))
    assert check_heartbeat() == 1


def test_health_says_so_when_it_has_nothing_to_look_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a heartbeat file the check fails and names the setting."""
    monkeypatch.delenv("QT_HEARTBEAT_FILE", raising=False)
    assert check_heartbeat() == 1
    assert "QT_HEARTBEAT_FILE" in capsys.readouterr().err
