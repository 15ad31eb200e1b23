"""How fast things are here: side by side, in turns, so that a busy moment hits all of them alike."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_detect import image
from edge_detect.detector import Detector, views
from edge_detect.faces import FaceFinder
from edge_detect.network import Network

FRAME = (480, 640)
"""Height and width of the camera frame that is timed."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds: median and 95th percentile."""

    name: str
    p50: float
    p95: float

    def to_dict(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {"name": self.name, "ms_p50": round(self.p50, 3), "ms_p95": round(self.p95, 3)}


def bench(candidates: dict[str, Callable[[], object]], rounds: int = 200, warm_up: int = 20) -> list[Latency]:
    """Time calls, in turns; the first `warm_up` rounds do not count."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(warm_up + rounds):
        for name, call in candidates.items():
            start = time.perf_counter()
            call()
            times[name].append(1000 * (time.perf_counter() - start))
    counted = {name: np.array(values[warm_up:]) for name, values in times.items()}
    return [
        Latency(name, float(np.median(values)), float(np.percentile(values, 95))) for name, values in counted.items()
    ]


def inference(network: Network) -> Callable[[], object]:
    """One answer of a network, on a picture of noise: one run, or two where its card asks for the mirror image.

    A finder's answer is a search, for which it runs twice as well. Raises ModelError when a finder lacks an output.
    """
    side = network.card.input_side
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    if network.card.kind == "finder":
        finder = FaceFinder(network)
        return lambda: finder.find(pixels)
    return lambda: views(network, pixels)


def frame(detector: Detector) -> Callable[[], object]:
    """From the raw pixels of a camera frame to the verdict on one face.

    The frame is noise, in which no face is found: its middle is scored in place of one.
    """
    pixels = np.random.default_rng(0).integers(0, 256, (*FRAME, 3), np.uint8)

    def call() -> None:
        detector.detect(pixels)
        detector.logit(image.whole(pixels))

    return call
