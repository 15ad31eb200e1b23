"""An application from its port to its end."""

import resource
import socket
from contextlib import nullcontext
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from edge_detect.errors import UsageError
from edge_detect.live import systemd
from edge_detect.progress import say
from edge_detect.serve.connection import Connection
from edge_detect.serve.limits import CONNECTIONS, STOP_SECONDS
from edge_detect.stopping import until_told_to_stop


class Server(uvicorn.Server):
    """A server that says so once it answers."""

    def __init__(self, config: uvicorn.Config, ready: str) -> None:
        super().__init__(config)
        self._ready = ready

    def capture_signals(self) -> Any:
        """None: `run` listens to signals, and the process ends as it says, not by the signal."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            say(f"edge-detect: {self._ready}")
            systemd.notify("READY=1")


def run(app: ASGIApp, listening: socket.socket, ready: str) -> None:
    """Answer requests on a bound socket until told to stop; those that are under way then are answered.

    ready: what is said on stderr once requests are answered.
    """
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=CONNECTIONS,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    _allow_connections()
    server = Server(config, ready)

    def stop() -> None:
        server.should_exit = True

    with until_told_to_stop(stop), listening:
        server.run([listening])
    systemd.notify("STOPPING=1")


def bound(host: str, port: int) -> socket.socket:
    """A socket on a host's first address. Raises UsageError when there is no such host, or the port is taken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # The protocol is named: only then does asyncio send the head and the body of a response without a pause.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except socket.gaierror as error:
        raise UsageError(f"--host {host}: {error.strerror}; name this machine or its address") from error
    except OSError as error:
        raise UsageError(f"port {port} of {host} cannot be had: {error.strerror}; take another") from error
    return listening


def url_of(host: str, listening: socket.socket) -> str:
    """Where a browser finds what is served."""
    return f"http://{bracketed(host)}:{listening.getsockname()[1]}/"


def bracketed(host: str) -> str:
    """A host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host.lower()


def _allow_connections() -> None:
    """Let the process have as many open files as it may have connections, where the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
