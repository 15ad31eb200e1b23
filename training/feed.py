"""Batches of augmented crops, made by all cores ahead of the training loop.

Batch number k depends on the seed and k alone: not on the number of processes, nor on where a run was resumed.
"""

import multiprocessing
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.manifest import Sample
from training.degrade import degrade

Batch = tuple[NDArray[np.uint8], NDArray[np.float32]]
_AHEAD = 12


@dataclass(frozen=True)
class FeedOptions:
    """How crops are drawn.

    batch: crops a batch; input_side: side a picture is brought to first, as at inference; crop_sides: sides of the
    random crops, one drawn per batch; ramp: crops after which degradation has its full strength; strength: that
    strength, 0–1; balance: 0 draws sources by their size, 1 all alike (real and fake are always equal).
    """

    seed: int
    batch: int
    input_side: int
    crop_sides: tuple[int, ...]
    ramp: int
    strength: float
    balance: float


def probabilities(samples: list[Sample], balance: float) -> NDArray[np.float64]:
    """How likely each sample is drawn: real and fake half and half, sources by size ** (1 - balance)."""
    keys = [(sample.label, sample.source) for sample in samples]
    sizes = {key: keys.count(key) for key in set(keys)}
    weights = np.array([sizes[key] ** -balance for key in keys])
    labels = np.array([sample.label for sample in samples])
    for label in set(labels):
        weights[labels == label] /= weights[labels == label].sum()
    return weights / weights.sum()


def batches(samples: list[Sample], options: FeedOptions, start: int = 0) -> Iterator[Batch]:
    """Endless (pixels uint8 (n, side, side, 3), labels float32 (n, 1)) from batch number `start` on."""
    context = multiprocessing.get_context("spawn")  # forking a process that runs TensorFlow's threads may hang
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers, context, _load, (samples, options)) as pool:
        pending: deque[Future[Batch]] = deque(pool.submit(_make_batch, start + i) for i in range(_AHEAD))
        following = start + _AHEAD
        try:
            while True:
                batch = pending.popleft().result()
                pending.append(pool.submit(_make_batch, following))
                following += 1
                yield batch
        finally:
            pool.shutdown(cancel_futures=True)


def make_batch(
    encoded: list[bytes], labels: NDArray[np.float32], chances: NDArray[np.float64], options: FeedOptions, number: int
) -> Batch:
    """Batch `number`: which samples, which crops, which damage, all from (seed, number)."""
    rng = np.random.default_rng((options.seed, number))
    side = int(rng.choice(options.crop_sides))
    strength = options.strength * min(1.0, number * options.batch / max(1, options.ramp))
    chosen = rng.choice(len(encoded), options.batch, p=chances)
    pixels = np.empty((options.batch, side, side, 3), np.uint8)
    for i, index in enumerate(chosen):
        picture = cv2.cvtColor(
            cv2.imdecode(np.frombuffer(encoded[index], np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB
        )
        crop = random_crop(image.resize(picture, options.input_side), side, rng)
        pixels[i] = degrade(crop, rng, strength)
    return pixels, labels[chosen, None]


def random_crop(picture: image.Picture, side: int, rng: Generator) -> image.Picture:
    """A side × side crop at a random place, mirrored half of the time, one in five also turned and zoomed."""
    room = picture.shape[0] - side
    left, top = (int(value) for value in rng.integers(0, room + 1, 2))
    if rng.random() < 0.2:
        centre = (left + side / 2, top + side / 2)
        matrix = cv2.getRotationMatrix2D(centre, rng.uniform(-12, 12), rng.uniform(0.85, 1.3))
        matrix[:, 2] -= (left, top)
        crop = cv2.warpAffine(picture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    else:
        crop = picture[top : top + side, left : left + side]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


_worker: tuple[list[bytes], NDArray[np.float32], NDArray[np.float64], FeedOptions]


def _load(samples: list[Sample], options: FeedOptions) -> None:
    global _worker  # noqa: PLW0603 - what a worker process holds for its life
    cv2.setNumThreads(1)
    encoded = [sample.path.read_bytes() for sample in samples]
    labels = np.array([sample.label for sample in samples], np.float32)
    _worker = (encoded, labels, probabilities(samples, options.balance), options)


def _make_batch(number: int) -> Batch:
    return make_batch(*_worker, number)
