"""The representative dataset: the pictures whose activations set the int8 scales."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import UsageError
from edge_detect.manifest import Sample, load_pictures


@dataclass(frozen=True)
class Representative:
    """Pixels uint8 (n, side, side, 3), and the SHA-256 over them that goes into the card."""

    pixels: NDArray[np.uint8]
    seed: int

    @property
    def sha256(self) -> str:
        """Hash of the pixels in order."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()


def choose(samples: list[Sample], count: int, side: int, seed: int) -> Representative:
    """Draw pictures from the split `train`: real and fake alike, and within them every source alike.

    Raises UsageError when a class is missing.
    """
    rng = np.random.default_rng(seed)
    training = [sample for sample in samples if sample.split == "train"]
    queues: dict[int, list[list[Sample]]] = {}
    for label in sorted({sample.label for sample in training}):
        by_source: dict[str, list[Sample]] = {}
        for sample in training:
            if sample.label == label:
                by_source.setdefault(sample.source, []).append(sample)
        queues[label] = [[group[i] for i in rng.permutation(len(group))] for _, group in sorted(by_source.items())]
    if len(queues) < 2:
        raise UsageError("a representative dataset needs real and fake pictures in the split 'train'")
    chosen = [
        sample for pair in zip(*(_interleave(q, count // 2) for q in queues.values()), strict=False) for sample in pair
    ]
    return Representative(load_pictures(chosen, side), seed)


def _interleave(queues: list[list[Sample]], count: int) -> list[Sample]:
    """One of each source in turn, until `count` are there or all are used."""
    longest = max(len(queue) for queue in queues)
    ranked = [queue[i] for i in range(longest) for queue in queues if i < len(queue)]
    return ranked[:count]
