"""The store over TLS: a private authority is trusted where it is named, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import pytest
from quantum_tasks.errors import StoreUnavailableError
from quantum_tasks.store import Store, connect
from support.certificates import Authority
from support.redis_server import TlsRedisServer
from support.stores import run


def ask(url: str) -> None:
    """Do something on a connection of its own. Raises StoreUnavailableError."""

    async def scenario() -> None:
        redis = connect(url, timeout_seconds=5, retries=0, max_connections=2)
        try:
            await Store(redis).prepare()
        finally:
            await redis.aclose()

    run(scenario())


def test_an_authority_is_trusted_by_the_environment(
    tls_redis: TlsRedisServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSL_CERT_FILE` names the authority for every part, and the URL needs nothing but `rediss://`."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    ask(tls_redis.tls_url())


def test_an_authority_is_trusted_by_the_url(tls_redis: TlsRedisServer, authority: Authority) -> None:
    """`ssl_ca_certs` names it in the URL."""
    ask(tls_redis.tls_url(ssl_ca_certs=authority.certificate))


Told = Callable[[TlsRedisServer, Authority, Path], str]
"""The URL of a connection that is not to be made."""

REFUSED: dict[str, tuple[Told, str]] = {
    "unknown-authority": (lambda server, _authority, _folder: server.tls_url(), "certificate verify failed"),
    "other-authority": (
        lambda server, _authority, folder: server.tls_url(ssl_ca_certs=Authority(folder, "other").certificate),
        "certificate verify failed",
    ),
    "other-host": (
        lambda server, authority, _folder: server.tls_url(host="127.0.0.1", ssl_ca_certs=authority.certificate),
        "IP address mismatch, certificate is not valid for '127.0.0.1'",
    ),
    "no-such-file": (
        lambda server, _authority, folder: server.tls_url(ssl_ca_certs=folder / "nothing"),
        "No such file",
    ),
    "without-tls": (
        lambda server, _authority, _folder: server.tls_url().replace("rediss:", "redis:"),
        "Redis cannot be reached: ",
    ),
}


@pytest.mark.parametrize(("told", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_trusted_is_not_spoken_to(
    tls_redis: TlsRedisServer, authority: Authority, tmp_path: Path, told: Told, why: str
) -> None:
    """A wrong authority, a wrong host name and a missing file are refused, and the error says which it is."""
    before = int(tls_redis.execute("INFO", "stats")["total_commands_processed"])
    with pytest.raises(StoreUnavailableError, match=why):
        ask(told(tls_redis, authority, tmp_path))
    ours = 2  # INFO, then and now
    assert int(tls_redis.execute("INFO", "stats")["total_commands_processed"]) - before <= ours


def test_a_client_may_show_a_certificate(authority: Authority, tmp_path: Path) -> None:
    """A server that asks for clients' certificates takes the one that the URL names, and no client without one."""
    own = authority.issue("runner")
    with TlsRedisServer(authority, clients_show=True) as server:
        ask(server.tls_url(ssl_ca_certs=authority.certificate, ssl_certfile=own.certificate, ssl_keyfile=own.key))
        with pytest.raises(StoreUnavailableError):
            ask(server.tls_url(ssl_ca_certs=authority.certificate))
        with pytest.raises(StoreUnavailableError, match="No such file"):
            ask(
                server.tls_url(
                    ssl_ca_certs=authority.certificate, ssl_certfile=own.certificate, ssl_keyfile=tmp_path / "nothing"
                )
            )
