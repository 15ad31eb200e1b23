"""Events for a web server: POST with JSON, signed, tried again."""

import hashlib
import hmac
import json

from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.hosts import is_host
from edge_detect.sinks.outlet import Message, Outlet

TIMEOUT = 10.0
"""Seconds without a word from the server after which a try has failed."""
TRIES = 5
FIRST_PAUSE = 1.0
"""Seconds before the second try; doubled before each further one."""
SIGNATURE = "X-Edge-Detect-Signature"
"""Header with "sha256=" and the HMAC of the body in hexadecimal."""


class Webhook(Outlet):
    """Posts each event. What a server may recover from (no answer, 429, 5xx) is tried again; other refusals are not."""

    name = "webhook"

    def __init__(self, url: str, secret: bytes | None = None) -> None:
        """secret: key of the signature. Raises MissingExtraError without httpx, UsageError for what is no web URL."""
        super().__init__()
        try:
            import httpx
        except ImportError as error:
            raise MissingExtraError("--webhook", "webhook") from error
        try:
            parts = httpx.URL(url)
            known = parts.scheme in ("http", "https") and is_host(parts.host) and parts.port != 0
        except httpx.InvalidURL:
            known = False
        if not known:  # the URL is not shown: keys stand in such ones
            raise UsageError("--webhook: the URL begins with http:// or https:// and names a host")
        self._url = url
        self._secret = secret
        self._client = httpx.Client(timeout=TIMEOUT)
        self._no_answer = httpx.TransportError

    def deliver(self, message: Message) -> None:
        """Post one event; raises RuntimeError when it is refused or all tries have failed."""
        body = json.dumps(message.to_dict()).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "edge-detect"}
        if self._secret is not None:
            headers[SIGNATURE] = "sha256=" + hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        pause = FIRST_PAUSE
        for number in range(TRIES):
            if number and self._stopping.wait(pause * 2 ** (number - 1)):
                break
            try:
                # What it says beyond its status is not read: it may be broken, or without end.
                with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                    status = answer.status_code
            except self._no_answer as error:
                reason = f"no answer: {error or type(error).__name__}"
                continue
            if 200 <= status < 300:
                return
            reason = f"the server answers {status}"
            if 300 <= status < 400:
                reason += ", that it has moved: give the URL of where it is now"
            if status != 429 and status < 500:
                break
        raise RuntimeError(reason)

    def close(self, timeout: float = 2 * TIMEOUT) -> None:
        """As for every way out; the connection is closed, too."""
        super().close(timeout)
        self._client.close()
