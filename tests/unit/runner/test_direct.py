"""Where a Pod finds Redis, and which addresses it leaves to redis-py."""

import pytest
from quantum_runner.direct import Address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        pytest.param("redis://redis", Address("redis", 6379), id="a-host"),
        pytest.param("redis://redis:6380/2", Address("redis", 6380, 2), id="port-and-database"),
        pytest.param("redis://redis?db=3", Address("redis", 6379, 3), id="database-as-a-parameter"),
        pytest.param("redis://[2001:db8::1]:6380/0", Address("2001:db8::1", 6380), id="ipv6"),
        pytest.param("redis://:p%40ss@redis/0", Address("redis", 6379, 0, "", "p@ss"), id="a-password"),
        pytest.param("redis://me:pass@redis", Address("redis", 6379, 0, "me", "pass"), id="a-user"),
        pytest.param(
            "redis://redis?username=me&password=p%40ss",
            Address("redis", 6379, 0, "me", "p@ss"),
            id="a-user-as-parameters",
        ),
        pytest.param("unix:///run/redis.sock?db=1", Address("/run/redis.sock", None, 1), id="a-socket"),
        pytest.param("unix://:pass@/run/redis.sock", Address("/run/redis.sock", None, 0, "", "pass"), id="and-user"),
    ],
)
def test_plain_addresses_are_read(url: str, address: Address) -> None:
    """Host or socket, database, user and password, as redis-py reads them."""
    assert Address.of(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "rediss://redis:6380/0",
        "redis://redis/0?protocol=3",
        "redis://redis?ssl_ca_certs=/ca.crt",
        "redis://redis/zero",
        "redis://redis:port",
        "sentinel://redis",
        "redis",
    ],
)
def test_other_addresses_are_left_alone(url: str) -> None:
    """What says more, or is not right, is for redis-py to understand or to refuse."""
    assert Address.of(url) is None


def test_a_password_is_not_shown() -> None:
    """Whoever logs an address logs no secret."""
    assert "secret" not in repr(Address.of("redis://:secret@redis"))
