"""How many requests are let in at once."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

RETRY_SECONDS = 1
"""What a client that is turned away is told to wait."""
HELD = 8
"""The bodies that are held at once are together as large as this many of the largest."""


class Turnstile:
    """Lets requests to one path in while there are places, and turns others away unread.

    It stands before everything that costs time: under load most requests come no further. For one event loop.
    """

    def __init__(self, app: ASGIApp, path: str, places: int, max_bytes: int) -> None:
        """places: requests at once; max_bytes: of a body, which is what one in chunks or without a length counts as."""
        self._app = app
        self._path = path
        self._places = places
        self._max_bytes = max_bytes
        self._bytes = 0
        self.taken = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or turn it away with 503."""
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        # A body in chunks goes by these, whatever length is declared beside them.
        declared = "" if "transfer-encoding" in headers else headers.get("content-length", "")
        size = min(int(declared), self._max_bytes) if declared.isdecimal() else self._max_bytes
        if self.taken >= self._places or self._bytes + size > HELD * self._max_bytes:
            detail = {"detail": f"{self.taken} requests are being answered; try again later"}
            await JSONResponse(detail, 503, headers={"Retry-After": str(RETRY_SECONDS)})(scope, receive, send)
            return
        self.taken += 1
        self._bytes += size
        try:
            await self._app(scope, receive, send)
        finally:
            self.taken -= 1
            self._bytes -= size
