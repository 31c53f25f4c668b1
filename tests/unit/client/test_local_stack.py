"""What the parts of the local stack are told."""

import socket
from pathlib import Path

import pytest
from quantum_client.local.errors import LocalStackError
from quantum_client.local.stack import HOST, StackSettings, child_environment, choose_port


def test_each_worker_has_a_name() -> None:
    """The parts' names in the log are those that compose would give."""
    assert StackSettings(Path("data"), workers=2).names == ("up", "redis", "api", "worker-1", "worker-2")


def test_children_inherit_settings_but_for_the_stacks_own() -> None:
    """The caller's QT_ settings reach the children, except where to listen and which Redis to use."""
    inherited = {"QT_MAX_ATTEMPTS": "7", "QT_REDIS_URL": "redis://elsewhere", "QT_HOST": "0.0.0.0", "HOME": "/h"}  # noqa: S104
    environment = child_environment(inherited, "unix:///data/redis.sock", 8123)
    assert environment["QT_MAX_ATTEMPTS"] == "7"
    assert environment["HOME"] == "/h"
    assert environment["QT_REDIS_URL"] == "unix:///data/redis.sock"
    assert environment["QT_HOST"] == HOST
    assert environment["QT_PORT"] == "8123"


@pytest.mark.parametrize(("inherited", "expected"), [({}, "console"), ({"QT_LOG_FORMAT": "json"}, "json")])
def test_logs_are_for_people_unless_asked_otherwise(inherited: dict[str, str], expected: str) -> None:
    """A child's pipe leads to a person, so its log lines are for one, unless the caller wants JSON."""
    assert child_environment(inherited, "unix:///s", 1)["QT_LOG_FORMAT"] == expected


def test_a_port_in_use_is_refused() -> None:
    """A port that another server listens on is refused in one line that says what to do."""
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LocalStackError, match=f"port {port} is in use; choose another one, or 0"):
            choose_port(port)
    assert choose_port(port) == port


def test_port_zero_is_any_free_one() -> None:
    """Port 0 becomes a port that can be listened on."""
    with socket.create_server((HOST, choose_port(0))):
        pass
