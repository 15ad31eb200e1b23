"""Requests that are cut off when the server ends."""

import asyncio

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_detect.serve.turnstile import RETRY_SECONDS


class CutOff:
    """Tells clients whose requests are cancelled so: the server does that when it ends, after it has waited."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, with 503 when it is cancelled before its answer has begun."""
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            if not begun:
                detail = {"detail": "the server ends; ask again later"}
                await JSONResponse(detail, 503, headers={"Retry-After": str(RETRY_SECONDS)})(scope, receive, send)
