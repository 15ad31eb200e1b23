"""Which pictures a batch is made of.

Worker processes import this file, so it stays free of Keras.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect.errors import UsageError
from edge_detect.manifest import LABELS, REAL, Sample


@dataclass(frozen=True)
class Drawn:
    """Indices of samples for one batch: each on its own; (real, fake) pairs of one group; reals to blend."""

    single: NDArray[np.int64]
    paired: list[tuple[int, int]]
    blended: NDArray[np.int64]


class Sampler:
    """Draws samples for batches: real and fake half and half, sources by size ** (1 - balance)."""

    def __init__(
        self,
        samples: list[Sample],
        balance: float,
        paired: float,
        blended: float,
        favoured: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """paired, blended: shares (0–1) of a batch; favoured: how much more often than by `balance` sources are drawn.

        Raises UsageError when they are more than the whole of it, or no sample can be used so.
        """
        if paired + blended > 1:
            raise UsageError(f"pairs ({paired:g}) and blends ({blended:g}) are more than a batch: 1 at most together")
        self._shares = (paired, blended)
        self._chances = probabilities(samples, balance, favoured)
        reals = defaultdict(list)
        for i, sample in enumerate(samples):
            if sample.label == REAL:
                reals[sample.group].append(i)
        self._partners = [reals[sample.group] if sample.label != REAL else [] for sample in samples]
        has_partner = np.array([bool(partners) for partners in self._partners])
        can_blend = np.array([sample.label == REAL and sample.box is not None for sample in samples])
        with_partner, blendable = self._chances * has_partner, self._chances * can_blend
        if (paired and not with_partner.any()) or (blended and not blendable.any()):
            raise UsageError(
                "pairs need groups with real and fake pictures, blending real pictures with face boxes, of sources "
                "that are drawn at all"
            )
        self._with_partner = with_partner / (with_partner.sum() or 1)
        self._blendable = blendable / (blendable.sum() or 1)

    def draw(self, size: int, rng: Generator) -> Drawn:
        """Samples for a batch of `size` crops, pairs counted double."""
        pairs = min(round(self._shares[0] * size / 2), size // 2)
        blends = min(round(self._shares[1] * size / 2), size // 2 - pairs)
        count = len(self._chances)
        single = rng.choice(count, size - 2 * (pairs + blends), p=self._chances)
        fakes = rng.choice(count, pairs, p=self._with_partner) if pairs else []
        paired = [(int(rng.choice(self._partners[fake])), int(fake)) for fake in fakes]
        blended = self.blendable(blends, rng) if blends else np.empty(0, np.int64)
        return Drawn(single, paired, blended)

    def blendable(self, size: int, rng: Generator) -> NDArray[np.int64]:
        """Real samples with face boxes."""
        return rng.choice(len(self._blendable), size, p=self._blendable)


def probabilities(
    samples: list[Sample], balance: float, favoured: Mapping[str, float] = MappingProxyType({})
) -> NDArray[np.float64]:
    """How likely each sample is drawn: real and fake half and half, sources by size ** (1 - balance).

    favoured: sources of which each sample counts as so many. Raises UsageError when no sample of a label counts.
    """
    keys = [(sample.label, sample.source) for sample in samples]
    sizes = {key: keys.count(key) for key in set(keys)}
    weights = np.array([favoured.get(key[1], 1.0) * sizes[key] ** -balance for key in keys])
    labels = np.array([sample.label for sample in samples])
    for label in set(labels):
        whole = weights[labels == label].sum()
        if not whole:
            raise UsageError(f"favoured is 0 for every source of {LABELS[label]} pictures: none could be drawn")
        weights[labels == label] /= whole
    return weights / weights.sum()
