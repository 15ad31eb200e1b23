"""The representative dataset: the pictures whose activations set the integer scales."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import UsageError
from edge_detect.manifest import Sample, load_pictures

LEAST_CONTRAST = 4.0
"""Standard deviation, in grey levels, below which a picture shows next to nothing."""


@dataclass(frozen=True)
class Representative:
    """Pixels uint8 (n, side, side, 3), drawn by a seed; counts: how many of each label, where there are labels."""

    pixels: NDArray[np.uint8]
    seed: int
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Hash of the pixels in order."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()

    @property
    def missing(self) -> list[str]:
        """Labels of which there is no picture."""
        return [label for label, count in self.counts.items() if not count]

    @property
    def repeated(self) -> int:
        """How many pictures are there already."""
        return len(self.pixels) - len({hashlib.sha256(picture.tobytes()).digest() for picture in self.pixels})

    @property
    def blank(self) -> int:
        """How many pictures are black, white or otherwise of one colour."""
        return int((self.pixels.std(axis=(1, 2, 3)) < LEAST_CONTRAST).sum())

    def complaints(self) -> list[str]:
        """What will set wrong scales, in words; nothing when all is well."""
        n = len(self.pixels)
        found = [f"no picture of {' or '.join(map(repr, self.missing))}"] if self.missing else []
        found += [f"{self.repeated} of {n} pictures are repeated"] if self.repeated else []
        found += [f"{self.blank} of {n} pictures are of one colour"] if self.blank else []
        return found

    def describe(self) -> dict[str, Any]:
        """What the card says of it."""
        labels = {"labels": self.counts} if self.counts else {}
        return {"pictures": len(self.pixels), "seed": self.seed, "sha256": self.sha256, **labels}


def choose(
    samples: Sequence[Sample], count: int, side: int, seed: int, labels: Sequence[str] = ("real", "fake")
) -> Representative:
    """Draw pictures from the split `train`: every label alike, and within it every source alike.

    Raises UsageError when the split is empty, or they are too few for the labels it has.
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
    if not queues:
        raise UsageError("there are no pictures in the split 'train' to set the integer scales with")
    if count < len(queues):
        raise UsageError(
            f"--calibrate {count} leaves labels without a picture: draw {len(queues)}, one of each, or more"
        )
    ranked = [_interleave(queue) for queue in queues.values()]
    chosen = _interleave(ranked)[:count]
    drawn = Counter(sample.label for sample in chosen)
    counts = {label: drawn[at] for at, label in enumerate(labels)}
    return Representative(load_pictures(chosen, side), seed, counts)


def _interleave(queues: list[list[Sample]]) -> list[Sample]:
    """One of each queue in turn, until all are used."""
    longest = max(len(queue) for queue in queues)
    return [queue[i] for i in range(longest) for queue in queues if i < len(queue)]
