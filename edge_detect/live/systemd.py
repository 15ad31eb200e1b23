"""What systemd wants to hear from a service: that it is ready, that it is alive, that it ends (sd_notify)."""

import os
import socket
import time
from collections.abc import Callable


def notify(message: str) -> None:
    """Send a message such as READY=1 to the service manager; nothing where there is none."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    # Without waiting: a manager that does not listen must not hold up the frames.
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK) as sender:
        try:
            sender.sendto(message.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError:  # the manager is gone or does not listen: no reason to end
            return


class Heart:
    """Tells the watchdog that the loop goes round, twice as often as it wants to hear it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        limit = os.environ.get("WATCHDOG_USEC", "")
        self._interval = int(limit) / 2e6 if limit.isdecimal() else None
        self._last = -float("inf")

    def beat(self) -> None:
        """Call this whenever the loop goes round."""
        now = self._clock()
        if self._interval is not None and now - self._last >= self._interval:
            self._last = now
            notify("WATCHDOG=1")
