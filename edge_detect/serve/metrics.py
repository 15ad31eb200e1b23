"""Counts of the service, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from edge_detect.results import Result

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class Metrics:
    """What one server has counted, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._responses = Counter(
            "edge_detect_http_responses", "Responses by status.", ["status"], registry=self._registry
        )
        self._pictures = Counter("edge_detect_pictures", "Pictures by verdict.", ["verdict"], registry=self._registry)
        self._seconds = Histogram(
            "edge_detect_picture_seconds",
            "Time a worker took for a picture.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._in_flight = Gauge(
            "edge_detect_requests_in_flight", "Requests to score being answered.", registry=self._registry
        )

    def responded(self, status: int) -> None:
        """Count a response."""
        self._responses.labels(status).inc()

    def scored(self, result: Result, seconds: float) -> None:
        """Count a picture by its verdict or label, and the time it took."""
        self._pictures.labels(result.label or str(result.verdict)).inc()
        self._seconds.observe(seconds)

    def in_flight(self, count: Callable[[], int]) -> None:
        """Where to read how many requests are being answered."""
        self._in_flight.set_function(count)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return bytes(generate_latest(self._registry))
