"""The service: who may ask it, and what stands before its routes."""

import ipaddress
from collections.abc import Collection, Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from edge_detect.card import Card
from edge_detect.errors import UsageError
from edge_detect.hosts import LOCAL_NAMES, is_name, is_origin
from edge_detect.scan import Inspector
from edge_detect.serve.api import SCORE, new_api
from edge_detect.serve.ending import CutOff
from edge_detect.serve.guard import Locked, OwnNames
from edge_detect.serve.hardening import Hardened
from edge_detect.serve.limits import Limits
from edge_detect.serve.metrics import Metrics
from edge_detect.serve.running import bound, bracketed, run, url_of
from edge_detect.serve.scoring import Scorer
from edge_detect.serve.turnstile import Turnstile

LOCKED = ("/v1/", "/metrics")
"""What a token is needed for, where there is one. Not for the page: it works on the device that opens it, and asks the
server for nothing but its own files. Not for the health, which says nothing of anyone."""


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
    """Answer requests until told to stop.

    inspectors: one for each worker thread; finder: the card of the model that finds faces, None where none is searched;
    port: 0 for a free one; names: the hosts that it may be asked for by besides this machine's own, as behind a proxy;
    without any, an address that others reach answers to every name; origins: those whose pages may use the API. Raises
    UsageError when the port cannot be had, and when others than this machine could ask without a token, or a name or an
    origin is none that a request could bear.
    """
    if wrong := next((name for name in names if not is_name(name)), None):
        raise UsageError(f"--allow-host {wrong}: give the name alone, as in pictures.example.org")
    if wrong := next((origin for origin in origins if not is_origin(origin)), None):
        raise UsageError(f"--cors {wrong}: give scheme and host as browsers send them, as in https://example.org")
    listening = bound(host, port)
    local = ipaddress.ip_address(listening.getsockname()[0].partition("%")[0]).is_loopback
    if token is None and (names or not local):
        listening.close()
        reached = f"--host {host} is" if not local else f"--allow-host {next(iter(names))} says that this is"
        raise UsageError(f"{reached} reached from other machines: give a token that they must know, with --token-file")
    own = {*LOCAL_NAMES, bracketed(host), *(name.lower() for name in names)}
    app = new_app(inspectors, finder, limits, token, own if local or names else None, origins)
    url = url_of(host, listening)
    run(app, listening, f"serving {url} (its API: {url}docs; Ctrl-C ends)")


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
    scorer = Scorer(inspectors, limits.max_pixels, metrics)
    api = new_api(scorer, inspectors[0].card, finder, metrics, limits.max_bytes)
    turnstile = Turnstile(api, SCORE, len(inspectors) + limits.queue, limits.max_bytes)
    metrics.in_flight(lambda: turnstile.taken)
    app: ASGIApp = turnstile
    if token is not None:
        app = Locked(app, token, LOCKED)
    if origins:
        app = CORSMiddleware(
            app,
            list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization"],
            expose_headers=["Retry-After"],
        )
    return Hardened(CutOff(OwnNames(app, names, origins)), count=metrics.responded)
