"""The service from its port to its end."""

import ipaddress
import resource
import socket
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from typing import Any

import uvicorn
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from edge_detect.card import Card
from edge_detect.errors import UsageError
from edge_detect.live import systemd
from edge_detect.progress import say
from edge_detect.scan import Inspector
from edge_detect.serve.api import new_api
from edge_detect.serve.connection import Connection
from edge_detect.serve.guard import LOCAL_NAMES, Locked, OwnNames
from edge_detect.serve.hardening import Hardened
from edge_detect.serve.limits import CONNECTIONS, STOP_SECONDS, Limits
from edge_detect.serve.metrics import Metrics
from edge_detect.serve.scoring import Scorer
from edge_detect.stopping import until_told_to_stop

LOCKED = ("/v1/", "/metrics")
"""What a token is needed for, where there is one. Not for the page, which the models in it make public anyway."""


class Server(uvicorn.Server):
    """A server that says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, url: str) -> None:
        super().__init__(config)
        self._url = url

    def capture_signals(self) -> Any:
        """None: `serve` listens to signals, and the process ends as it says, not by the signal."""
        return nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            say(f"edge-detect: serving {self._url} (its API: {self._url}docs; Ctrl-C ends)")
            systemd.notify("READY=1")


def serve(
    inspectors: Sequence[Inspector],
    finder: Card | None,
    limits: Limits,
    *,
    host: str,
    port: int,
    token: bytes | None = None,
    names: Collection[str] = (),
    origins: Collection[str] = (),
) -> None:
    """Answer requests until told to stop; those that are under way then are answered.

    inspectors: one for each worker thread; finder: the card of the model that finds faces, None where none is searched;
    port: 0 for a free one; names: other hosts than this machine's own that it may be asked for by, as behind a proxy;
    origins: those whose pages may use the API. Raises UsageError when the port cannot be had, and when others than this
    machine could ask without a token.
    """
    listening = listen(host, port)
    local = ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback
    if token is None and (names or not local):
        listening.close()
        raise UsageError(
            f"{host} is reached from other machines: give a token that they must know, with --token-file"
            if not local
            else "--allow-host lets other machines in: give a token that they must know, with --token-file"
        )
    bracketed = f"[{host}]" if ":" in host else host.lower()
    own = {*LOCAL_NAMES, bracketed, *(name.lower() for name in names)}
    app = new_app(inspectors, finder, limits, token, own if local else None, origins)
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    _allow_connections()
    server = Server(config, f"http://{bracketed}:{listening.getsockname()[1]}/")

    def stop() -> None:
        server.should_exit = True

    with until_told_to_stop(stop), listening:
        server.run([listening])
    systemd.notify("STOPPING=1")


def new_app(
    inspectors: Sequence[Inspector],
    finder: Card | None,
    limits: Limits,
    token: bytes | None,
    names: Collection[str] | None,
    origins: Collection[str],
) -> ASGIApp:
    """The whole application. names: hosts that it may be asked for by; None for any."""
    metrics = Metrics()
    scorer = Scorer(inspectors, limits, metrics)
    app: ASGIApp = new_api(scorer, inspectors[0].card, finder, metrics, limits.max_bytes)
    if token is not None:
        app = Locked(app, token, LOCKED)
    if origins:
        app = CORSMiddleware(app, list(origins), allow_methods=["GET", "POST"], allow_headers=["Authorization"])
    return Hardened(OwnNames(app, names, origins), metrics.responded)


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to a host's first address. Raises UsageError when there is no such host, or the port is taken."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise UsageError(f"--host {host} --port {port}: {error.strerror}; take another") from error


def _allow_connections() -> None:
    """Let the process have as many open files as it may have connections, where the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
