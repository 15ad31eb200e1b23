"""How fast models are here: side by side, in turns, so that a busy moment hits all of them alike."""

import time
from dataclasses import dataclass

import numpy as np

from edge_detect.network import Network


@dataclass(frozen=True)
class Latency:
    """Milliseconds per crop: median and 95th percentile."""

    name: str
    p50: float
    p95: float


def bench(networks: dict[str, Network], rounds: int = 200, warm_up: int = 20) -> list[Latency]:
    """Time `Network.run` on one noise picture, in turns; the first `warm_up` rounds do not count."""
    rng = np.random.default_rng(0)
    pictures = {
        name: rng.integers(0, 256, (network.card.input_side, network.card.input_side, 3), np.uint8)
        for name, network in networks.items()
    }
    times: dict[str, list[float]] = {name: [] for name in networks}
    for _ in range(warm_up + rounds):
        for name, network in networks.items():
            start = time.perf_counter()
            network.run(pictures[name])
            times[name].append(1000 * (time.perf_counter() - start))
    counted = {name: np.array(values[warm_up:]) for name, values in times.items()}
    return [
        Latency(name, float(np.median(values)), float(np.percentile(values, 95))) for name, values in counted.items()
    ]
