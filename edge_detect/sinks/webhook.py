"""Events for a web server: POST with JSON, signed, tried again."""

import hashlib
import hmac
import json
from urllib.parse import urlsplit

from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.sinks.outlet import Message, Outlet

TIMEOUT = 10.0
"""Seconds for one try."""
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
        if not _is_web(url):  # which is not shown: keys stand in such URLs
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
                answer = self._client.post(self._url, content=body, headers=headers)
            except self._no_answer as error:
                reason = f"no answer: {error or type(error).__name__}"
                continue
            if answer.is_success:
                return
            reason = f"the server answers {answer.status_code}"
            if answer.status_code != 429 and answer.status_code < 500:
                break
        raise RuntimeError(reason)

    def close(self, timeout: float = 2 * TIMEOUT) -> None:
        """As for every way out; the connection is closed, too."""
        super().close(timeout)
        self._client.close()


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
