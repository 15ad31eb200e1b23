"""Near-duplicates: which pictures are dropped, and for which picture that stays."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import PictureError, UsageError
from edge_detect.manifest import Sample
from edge_detect.progress import progress
from training.sources import likeness
from training.sources.source import JUDGED

SAME = 0.99
"""Within a group pictures resemble each other on purpose: only those with this correlation count as one picture."""

_SAME_BITS = 2
"""Pictures that correlate so closely have hashes that differ in no more bits."""


@dataclass(frozen=True)
class Twin:
    """A picture that is dropped, for which picture, and their correlation."""

    dropped: Sample
    kept: Sample
    likeness: float


def find_twins(given: list[Sample], built: list[Sample]) -> list[Twin]:
    """The built pictures to drop, so that training has none twice, nor what another split holds.

    given: pictures that stay whatever happens; built: in the order in which they have a claim to stay. A training
    picture is dropped when it resembles a picture of another split, whatever the labels, or, label for label, a given
    or an earlier training picture. An original and a manipulated version of it both stay: that is what there is to
    learn. What is judged by only is dropped when it resembles a given picture, or an earlier one of its kind. Of
    validation and test nothing is dropped. Raises UsageError when a picture cannot be read.
    """
    cv2.setNumThreads(1)  # pictures are spread over the cores, not parts of one picture
    samples = given + built
    workers = os.cpu_count() or 1
    thumbs = _thumbnails(samples, workers)
    pairs, least = _proposed(samples, thumbs, len(given))
    values = likeness.correlations(thumbs, thumbs, pairs, workers)
    alike: dict[int, list[tuple[int, float]]] = {}
    for (one, two), value in zip(pairs[values >= least].tolist(), values[values >= least].tolist(), strict=True):
        alike.setdefault(two, []).append((one, value))
        alike.setdefault(one, []).append((two, value))
    twins: dict[int, Twin] = {}

    def rival(index: int, other: int) -> bool:
        mine, theirs = samples[index], samples[other]
        if (mine.split == "train" and theirs.split != "train") or (mine.split == JUDGED and other < len(given)):
            return True
        alike_in_kind = (mine.split, mine.label) == (theirs.split, theirs.label)
        return other < index and other not in twins and alike_in_kind

    settled = {sample.group for sample in given}
    for index in range(len(given), len(samples)):
        split, group = samples[index].split, samples[index].group
        if split != "train" and (split != JUDGED or group in settled):
            continue
        rivals = [(value, other) for other, value in alike.get(index, ()) if rival(index, other)]
        if rivals:
            value, other = max(rivals, key=lambda rival: (rival[0], -rival[1]))
            twins[index] = Twin(samples[index], samples[other], value)
    return list(twins.values())


def _thumbnails(samples: list[Sample], workers: int) -> likeness.Thumbs:
    def load(sample: Sample) -> likeness.Thumbs:
        try:
            return likeness.thumbnail(sample.path)
        except (OSError, PictureError) as error:
            raise UsageError(f"{sample.path} cannot be read: {error}; build its source again") from error

    thumbs = np.empty((len(samples), likeness.THUMB, likeness.THUMB), np.uint8)
    with ThreadPoolExecutor(workers) as pool, progress(len(samples), "comparing") as advance:
        for index, thumb in enumerate(pool.map(load, samples)):
            thumbs[index] = thumb
            advance()
    return thumbs


def _similar(thumbs: likeness.Thumbs, held: likeness.Indices, new: likeness.Indices) -> likeness.Pairs:
    """Pairs (held, new index) that the wider search proposes."""
    pairs = likeness.similar(thumbs[held], thumbs[new])
    return np.stack([held[pairs[:, 0]], new[pairs[:, 1]]], axis=1)


def _proposed(samples: list[Sample], thumbs: likeness.Thumbs, given: int) -> tuple[likeness.Pairs, NDArray[np.float64]]:
    """Pairs (smaller, larger index) worth a closer look, and the correlation from which on each shows the same.

    The larger index is always that of a built picture.
    """
    hashes = likeness.hashes(thumbs)
    blocks = []
    for block in likeness.close(hashes[given:], hashes):
        swapped = block[:, ::-1] + np.array((0, given))
        blocks.append(swapped[swapped[:, 0] < swapped[:, 1]])
    sources: NDArray[np.str_] = np.array([sample.source for sample in samples])
    framed = np.array([sample.box is not None for sample in samples])
    training = np.array([sample.split == "train" for sample in samples])
    for source in sorted(set(sources[:given]) & set(sources[given:])):
        mine = np.flatnonzero(sources == source)
        held, new = mine[mine < given], mine[mine >= given]
        if not framed[new].any():  # taken whole, as the given ones were: wide for what is only judged on
            held = held[~training[held]]
        blocks.append(_similar(thumbs, held, new))
    # Data sets are copied under other names: whatever their source, no built picture may show what is held out.
    others = given + np.flatnonzero(~np.isin(sources[given:], sources[:given]))
    blocks.append(_similar(thumbs, np.flatnonzero(~training[:given]), others))
    pairs = np.unique(np.concatenate(blocks), axis=0)
    one, two = pairs.T
    groups = np.unique([sample.group for sample in samples], return_inverse=True)[1]
    # Crops of one file share a group too: the given one and, framed anew, the built one. Those are no variants.
    variants = (groups[one] == groups[two]) & ((one >= given) | ~framed[two])
    kept = ~variants | (likeness.bits(hashes[one], hashes[two]) <= _SAME_BITS)
    return pairs[kept], np.where(variants, SAME, likeness.ALIKE)[kept]
