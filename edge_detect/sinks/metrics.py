"""Counts for Prometheus, over HTTP."""

import socket
from collections.abc import Iterator, Sequence
from typing import Any

from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.hosts import LOOPBACK, is_host
from edge_detect.live.state import State
from edge_detect.live.watcher import Watcher
from edge_detect.sinks.outlet import Outlet


class Metrics:
    """Serves what a watch has counted, read when it is asked for."""

    def __init__(self, address: str, watcher: Watcher, outlets: Sequence[Outlet]) -> None:
        """address: a port on loopback, or host:port.

        Raises MissingExtraError without prometheus-client, UsageError when host or port cannot be had.
        """
        try:
            import prometheus_client
            from prometheus_client import core
        except ImportError as error:
            raise MissingExtraError("--metrics", "metrics") from error
        host, port = _parse(address)
        self._core = core
        self._watcher = watcher
        self._outlets = outlets
        registry = prometheus_client.CollectorRegistry()
        registry.register(self)
        try:
            self._server, self._thread = prometheus_client.start_http_server(port, host, registry)
        except socket.gaierror as error:
            raise UsageError(f"--metrics {address}: {error.strerror}; give the port alone") from error
        except OSError as error:
            raise UsageError(f"--metrics {address}: {error.strerror}; take another port") from error

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self._server.server_port)

    def collect(self) -> Iterator[Any]:
        """The metrics as they are now; the library calls this."""
        counts, core = self._watcher.counts, self._core
        for name, value in (
            ("captured", counts.captured),
            ("scored", counts.scored),
            ("dropped", counts.dropped),
            ("unreadable", counts.unreadable),
        ):
            yield core.CounterMetricFamily(f"edge_detect_frames_{name}", f"Frames {name}.", value=value)
        yield core.CounterMetricFamily("edge_detect_source_losses", "Losses of the source.", value=counts.losses)
        yield core.CounterMetricFamily("edge_detect_source_reconnects", "Times it came back.", value=counts.reconnects)
        if counts.fps is not None:
            yield core.GaugeMetricFamily("edge_detect_fps", "Recent frames scored per second.", value=counts.fps)
        ages = core.GaugeMetricFamily(
            "edge_detect_frame_age_seconds", "Recent time from capture to verdict.", labels=["quantile"]
        )
        for quantile in (0.5, 0.95):
            if (age := counts.age(quantile)) is not None:
                ages.add_metric([str(quantile)], age)
        yield ages
        states = core.GaugeMetricFamily("edge_detect_state", "1 for the state that holds.", labels=["state"])
        for state in State:
            states.add_metric([state.value], float(state is self._watcher.state))
        yield states
        events = core.CounterMetricFamily(
            "edge_detect_events", "Events by way out and what became of them.", labels=["way_out", "outcome"]
        )
        for outlet in self._outlets:
            for outcome, count in outlet.counts().items():
                events.add_metric([outlet.name, outcome], count)
        yield events

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _parse(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--metrics {address}: give a port, such as 9100, or host:port")
    host = host.strip("[]") or LOOPBACK
    if not is_host(host):
        raise UsageError(f"--metrics {address}: what stands before the port is no host; give the port alone")
    return host, int(port)
