"""Who is let in: no web page of another origin, and from other machines only who knows the token."""

import secrets
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from edge_detect.hosts import without_port

_READING = ("GET", "HEAD", "OPTIONS")


class OwnNames:
    """Refuses requests that a web page elsewhere has a browser send.

    By DNS rebinding, such a page gets a name of its own to point here; the Host header gives it away. Or it posts a
    form here; its Origin is another.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] | None, origins: Collection[str]) -> None:
        """names: hosts that may be asked for, without port; None for any. origins: others that may post."""
        self._app = app
        self._names = names
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with 403."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host, origin = headers.get("host", ""), headers.get("origin")
            complaint = None
            if self._names is not None and without_port(host) not in self._names:
                complaint = "this server is not asked for by that name; see --allow-host"
            elif scope["method"] not in _READING and origin is not None and not self._may_post(origin, host):
                complaint = "pages of other origins may not post here; see --cors"
            if complaint:
                await JSONResponse({"detail": complaint}, 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _may_post(self, origin: str, host: str) -> bool:
        return origin in self._origins or origin.partition("://")[2].lower() == host.lower()


class Locked:
    """Asks for the token on the paths that need one."""

    def __init__(self, app: ASGIApp, token: bytes, rooms: Collection[str]) -> None:
        """rooms: beginnings of the paths that need the token."""
        self._app = app
        self._token = token
        self._rooms = tuple(rooms)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with 401."""
        if scope["type"] == "http" and scope["path"].startswith(self._rooms):
            scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
            known = secrets.compare_digest(given.strip().encode("latin-1"), self._token)
            if scheme.lower() != "bearer" or not known:
                detail = {"detail": "send the token of this server: Authorization: Bearer TOKEN"}
                refusal = JSONResponse(detail, 401, headers={"WWW-Authenticate": "Bearer"})
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)
