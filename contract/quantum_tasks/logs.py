"""One shape of log line for every part: an event in plain words, then names and values.

structlog writes it; `JsonLines` does so for processes that live too short to load that.
"""

import json
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.types import EventDict, Processor, WrappedLogger


class LogFormat(StrEnum):
    """How log lines are written: `auto` is `console` on a terminal and `json` elsewhere."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    """The least severe line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Set up structlog and the standard library's logging alike, on stderr.

    An exception becomes its type and its message, never a traceback: a program by a stranger may have caused it, and
    paths of this machine are nobody's business. At level `debug` the traceback is written.
    """
    import logging  # noqa: PLC0415 - see above

    import structlog  # noqa: PLC0415 - see above

    as_json = is_json(log_format)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if level is LogLevel.DEBUG else _brief_exception,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def is_json(log_format: LogFormat) -> bool:
    """Whether lines are for machines."""
    return log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not sys.stderr.isatty())


class JsonLines:
    """A logger that writes what structlog would as JSON. Knows no exceptions; one line is one write."""

    def __init__(self, level: LogLevel) -> None:
        levels = list(LogLevel)
        self._written = frozenset(levels[levels.index(level) :])

    def info(self, event: str, /, **values: object) -> None:
        """Write a line at level `info`."""
        self._write(LogLevel.INFO, event, values)

    def warning(self, event: str, /, **values: object) -> None:
        """Write a line at level `warning`."""
        self._write(LogLevel.WARNING, event, values)

    def error(self, event: str, /, **values: object) -> None:
        """Write a line at level `error`."""
        self._write(LogLevel.ERROR, event, values)

    def _write(self, level: LogLevel, event: str, values: dict[str, object]) -> None:
        if level in self._written:
            time = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            line = json.dumps({**values, "event": event, "level": level, "timestamp": time}, default=repr)
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


def _brief_exception(_logger: "WrappedLogger", _method: str, event: "EventDict") -> "EventDict":
    info = event.pop("exc_info", None)
    error = sys.exc_info()[1] if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["because"] = str(error)
    return event
