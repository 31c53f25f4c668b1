"""Log lines."""

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import structlog
from quantum_tasks import logs
from quantum_tasks.logs import JsonLines, LogFormat, LogLevel


@pytest.fixture(autouse=True)
def _undo() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def _fail() -> None:
    secret_local = "p4ssw0rd"  # noqa: S105 - what must not be shown
    raise RuntimeError(f"no {len(secret_local)}")


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.CONSOLE])
@pytest.mark.parametrize("logger", [logging.getLogger("uvicorn.error"), structlog.get_logger("ours")])
def test_an_exception_is_logged_without_its_traceback(
    log_format: LogFormat, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever logs an exception, the line has its type and message, and no path, code or value of a variable."""
    logs.configure(log_format, LogLevel.INFO)
    try:
        _fail()
    except RuntimeError:
        logger.exception("it failed")
    line = capsys.readouterr().err
    assert "RuntimeError" in line
    assert "no 8" in line
    assert line.count("\n") == 1
    assert not [leak for leak in ("Traceback", ".py", "p4ssw0rd", "_fail") if leak in line]


def test_json_lines_hold_names_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    """A line in JSON has the event, the level, the time and what was said with it."""
    logs.configure(LogFormat.JSON, LogLevel.INFO)
    structlog.get_logger("ours").info("task ended", task="a")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["task"]) == ("task ended", "info", "a")
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """At level warning nothing less is written."""
    logs.configure(LogFormat.JSON, LogLevel.WARNING)
    structlog.get_logger("ours").info("nobody asked")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_a_process_without_structlog_writes_the_same_lines(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Letter by letter, but for the time."""
    logs.configure(LogFormat.JSON, LogLevel.INFO)
    values = {"task": "ü", "attempt": 1, "path": Path("/a"), "because": None}
    for logger in (structlog.get_logger("ours"), JsonLines(LogLevel.INFO)):
        getattr(logger, level)('it is "so"', **values)
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert list(first) == list(second)
    for line in (first, second):
        assert datetime.fromisoformat(line.pop("timestamp")).tzinfo
    assert first == second


def test_a_process_without_structlog_writes_no_more_than_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """At level warning nothing less is written."""
    log = JsonLines(LogLevel.WARNING)
    log.info("nobody asked")
    log.warning("somebody asked")
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "somebody asked"
