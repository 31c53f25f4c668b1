"""The API's defaults."""

import httpx
from quantum_api.settings import ApiSettings

HTTPX_KEEPS_IDLE_CONNECTIONS_SECONDS = 5.0


def test_idle_connections_are_kept_for_longer_than_clients_keep_theirs() -> None:
    """The client gives up an idle connection first, so that no request goes into one that is being closed."""
    assert httpx.Limits().keepalive_expiry == HTTPX_KEEPS_IDLE_CONNECTIONS_SECONDS
    assert ApiSettings().keep_alive_seconds > 2 * HTTPX_KEEPS_IDLE_CONNECTIONS_SECONDS
