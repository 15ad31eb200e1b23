"""What every response says to browsers: load nothing from elsewhere, be framed by no one, guess no types."""

from collections.abc import Callable, Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self'",
    "img-src": "'self' blob: data:",
    "connect-src": "'self'",
    "worker-src": "'self' blob:",
    "media-src": "'self' blob:",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
"""The content security policy: WebAssembly may be compiled, and nothing comes from or goes to another origin."""
_UNUSED = ("display-capture", "geolocation", "microphone", "payment", "usb")


def headers(policy: Mapping[str, str]) -> dict[str, str]:
    """What responses carry under a content security policy."""
    return {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()), **_COMMON}


_COMMON = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(["camera=(self)", *(f"{feature}=()" for feature in _UNUSED)]),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


HEADERS = headers(POLICY)


class Hardened:
    """An application whose responses carry headers for browsers, and each of whose statuses is counted."""

    def __init__(
        self, app: ASGIApp, headers: Mapping[str, str] = HEADERS, count: Callable[[int], None] = lambda _: None
    ) -> None:
        self._app = app
        self._headers = headers
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
                self._count(message["status"])
            await send(message)

        await self._app(scope, receive, answer)
