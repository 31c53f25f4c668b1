"""A Kubernetes API server, spoken to in plain JSON: the transport of the `kubernetes` package without its models.

The models of the package would read every object a second time; what is read here is small and known.
"""

import json
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import structlog
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from quantum_tasks.errors import QuantumTasksError, StoreUnavailableError

log = structlog.get_logger(__name__)

Object = dict[str, Any]
"""An object as JSON has it."""

Note = Callable[[str, int | None], None]
"""Is told the method of a request and the status of its answer, None when there was none."""

_PAGE = 500
"""How many objects one part of a listing has."""

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500
_MERGE_PATCH = "application/merge-patch+json"

_NO_RIGHT = re.compile(r'User "[^"]*" cannot ')
"""What the API server says where a role is missing; a policy or a quota says something else with the same status."""


class ClusterError(QuantumTasksError):
    """The API server refused a request: `status` is HTTP's, `reason` Kubernetes' word, the message for a person."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason

    @property
    def not_found(self) -> bool:
        """Whether there is no such object."""
        return self.status == 404  # noqa: PLR2004 - HTTP's number

    @property
    def conflict(self) -> bool:
        """Whether the object is there already, or is not any more what the request took it for."""
        return self.status == 409  # noqa: PLR2004 - HTTP's number

    @property
    def invalid(self) -> bool:
        """Whether the object itself is wrong."""
        return self.status == 422  # noqa: PLR2004 - HTTP's number

    @property
    def malformed(self) -> bool:
        """Whether nobody could make such an object: it is not that somebody's policy denies it, or that it is there."""
        return self.status in (400, 422) and "denied" not in str(self)

    @property
    def over_quota(self) -> bool:
        """Whether the namespace has as many objects as it may."""
        return self.status == _FORBIDDEN and "exceeded quota" in str(self)


class ClusterUnavailableError(StoreUnavailableError):
    """The API server cannot be reached or cannot serve now. Whether the last write was done is not known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects, and where the API server has them."""

    group: str
    version: str
    plural: str

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """The path of an object, or of all of them; `namespace` None is all namespaces."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{quote(namespace, safe='')}" if namespace is not None else ""
        parts = [self.plural, *(quote(part, safe="") for part in (name, subresource) if part)]
        return f"{root}{scope}/{'/'.join(parts)}"


class Cluster:
    """One API server. Every method raises ClusterUnavailableError and ClusterError."""

    def __init__(self, client: ApiClient, *, timeout_seconds: float, note: Note) -> None:
        self._client = client
        self._timeout = timeout_seconds
        self._note = note

    async def get(self, kind: Kind, namespace: str, name: str) -> Object:
        """One object."""
        return await self._request("GET", kind.path(namespace, name))

    async def create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> Object:
        """Make an object; gives it as it is then."""
        return await self._request("POST", kind.path(namespace), body=body)

    async def try_to_create(self, kind: Kind, namespace: str, body: Mapping[str, Any]) -> None:
        """Make no object, but have it looked at as if; fields that do not exist are refused, and not dropped."""
        query = {"dryRun": "All", "fieldValidation": "Strict"}
        await self._request("POST", kind.path(namespace), query=query, body=body)

    async def patch(
        self, kind: Kind, namespace: str, name: str, body: Mapping[str, Any], *, subresource: str = ""
    ) -> Object:
        """Change an object by a merge patch; gives it as it is then."""
        return await self._request("PATCH", kind.path(namespace, name, subresource), body=body)

    async def delete(
        self, kind: Kind, namespace: str, name: str, *, uid: str | None = None, grace_seconds: int | None = None
    ) -> str:
        """Remove an object, the one with this uid only; what it owns goes after it. Gives its uid."""
        body: Object = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            body["gracePeriodSeconds"] = grace_seconds
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        answer = await self._request("DELETE", kind.path(namespace, name), body=body)
        # the object where something holds it back, and else a few words about it
        return str((answer.get("details") or answer["metadata"])["uid"])

    async def page(self, kind: Kind, namespace: str | None, **query: str | int | None) -> Object:
        """A part of a listing: `limit`, `continue`, `labelSelector`, `fieldSelector`, `resourceVersion`."""
        return await self._request("GET", kind.path(namespace), query=query)

    async def parts(self, kind: Kind, namespace: str | None, **query: str | int | None) -> AsyncIterator[Object]:
        """Every object, in the parts of one listing: all are as they were at its `resourceVersion`."""
        token: str | None = None
        while True:
            part = await self.page(kind, namespace, **{"limit": _PAGE, **query, "continue": token})
            yield part
            token = part["metadata"].get("continue")
            if not token:
                return

    async def ready(self) -> None:
        """Return if the API server says that it is ready."""
        await self._request("GET", "/readyz")

    async def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int | None] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Object:
        headers = {"Accept": "application/json", "User-Agent": "quantum-tasks"}
        if method == "PATCH":
            headers["Content-Type"] = _MERGE_PATCH
        await self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        wanted = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        url = f"{self._client.configuration.host}{path}{'?' + urlencode(wanted) if wanted else ''}"
        try:
            response = await self._client.rest_client.request(
                method, url, headers=headers, body=body, _request_timeout=self._timeout
            )
            content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._note(method, None)
            raise ClusterUnavailableError("the API server cannot be reached") from error
        self._note(method, response.status)
        return _answer(response.status, content)


def _answer(status: int, content: bytes) -> Object:
    try:
        body: Any = json.loads(content) if content.startswith(b"{") else {}
    except ValueError as error:
        raise ClusterUnavailableError("the API server's answer cannot be read") from error
    if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERRORS:
        raise ClusterUnavailableError(f"the API server cannot serve this now ({body.get('message', status)})")
    message = body.get("message", f"HTTP {status}")
    if status == _UNAUTHORIZED or (status == _FORBIDDEN and _NO_RIGHT.search(message)):
        # an API server that has just started knows no rights for a moment
        log.warning("the API server knows of no right to this", because=message)
        raise ClusterUnavailableError(f"the API server does not let this be done ({message})")
    if status >= 400:  # noqa: PLR2004 - HTTP's number
        raise ClusterError(status, body.get("reason", ""), message)
    return body if isinstance(body, dict) else {}


@asynccontextmanager
async def connect(
    *, timeout_seconds: float, connections: int, note: Note = lambda _method, _status: None
) -> AsyncIterator[Cluster]:
    """The cluster that this process is in, or else the one of KUBECONFIG or `~/.kube/config`.

    `note` is told of every request.
    """
    configuration = Configuration()
    configuration.connection_pool_maxsize = connections
    configuration.client_session_kwargs = {"trust_env": False}  # a cluster's own API server needs no proxy
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        # the package itself looks at the variable when it is loaded, and not later
        path = os.environ.get("KUBECONFIG")
        await config.load_kube_config(config_file=path, client_configuration=configuration, persist_config=False)
    async with ApiClient(configuration) as client:
        yield Cluster(client, timeout_seconds=timeout_seconds, note=note)
