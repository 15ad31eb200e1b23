"""Connections that do not wait for ever."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

from edge_detect.serve.limits import IDLE_SECONDS


class Connection(H11Protocol):
    """A connection that is given up when its client neither completes a request's head nor takes what it is sent.

    uvicorn itself waits without limit for the first request, and for a client that sends its head byte by byte.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._rest()

    def data_received(self, data: bytes) -> None:
        """Wait no longer once a whole head is there."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait anew, for the next request."""
        super().on_response_complete()
        self._rest()
        self._watch()

    def pause_writing(self) -> None:
        """Begin to wait for a client that takes no bytes."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Wait no longer for it."""
        super().resume_writing()
        self._rest()
        self._watch()

    def _watch(self) -> None:
        """Wait while it is the client's turn, from when that began."""
        working = self.cycle is not None and not self.cycle.response_complete
        if working and not self.flow.write_paused:
            self._rest()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(IDLE_SECONDS, self.transport.abort)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
