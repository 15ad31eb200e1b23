"""How much the service takes on."""

from dataclasses import dataclass

MAX_BYTES = 20_000_000
MAX_PIXELS = 50_000_000
QUEUE = 64
FILES = 100
"""Files of one request at most."""
BODY_SECONDS = 30.0
"""A request's body must have arrived after this time."""
IDLE_SECONDS = 10.0
"""A connection on which a request is awaited, or whose client takes no bytes, is given up after this time."""
STOP_SECONDS = 40
"""Requests that are under way get this long to end when the server does: longer than a body may take."""
CONNECTIONS = 4096
"""More connections than this at once are turned away."""


@dataclass(frozen=True)
class Limits:
    """What one server takes on.

    max_bytes: of a request's body; max_pixels: of a picture; queue: requests at once beyond one per worker.
    """

    max_bytes: int = MAX_BYTES
    max_pixels: int = MAX_PIXELS
    queue: int = QUEUE
