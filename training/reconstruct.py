"""Fakes made by passing real faces through small autoencoders: every pixel is a network's, and nothing else differs.

What a generator's decoder leaves in a picture, without a generator (after Zhang, Karaman & Chang, 2019).
"""

from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

import cv2
import keras
import numpy as np
from keras import ops
from numpy.random import Generator
from numpy.typing import NDArray
from tqdm import tqdm

from edge_detect import image
from edge_detect.errors import UsageError
from edge_detect.manifest import REAL, Sample, read_manifests
from training.networks.autoencoder import autoencoder
from training.sources.build import COLUMNS, write_table
from training.sources.cutting import QUALITY

SIDE, BATCH = 96, 32
"""Side of the windows that an autoencoder learns from, in pixels, and how many at a time."""
SPLITS = ("train", "test")
"""Those that may be reconstructed."""
_LEARNING_RATE = 2e-3


def reconstruct(
    data: list[Path],
    out: Path,
    decoder: str,
    *,
    steps: int,
    pictures: int,
    seed: int,
    splits: Sequence[str] = ("train",),
) -> Path:
    """Train an autoencoder on real training faces of manifests, and write reconstructions as a manifest, `out`.

    steps: of training; pictures: how many real training faces are drawn and learnt from, and how many real faces of
    each of `splits` are reconstructed (of "train": those that were learnt from). They keep group, face box and split:
    those of "test" tell what a classifier makes of a decoder, also of one that it has not learnt from. None are for
    validation, which is to be the same for all recipes. Raises UsageError for another split, or one without real faces,
    when there are none to learn from, no such decoder, or `out` holds a manifest.
    """
    if (out / "labels.csv").exists():
        raise UsageError(f"{out} holds a labels.csv already: choose another --out")
    if others := set(splits) - set(SPLITS):
        raise UsageError(f"reconstructions are of the splits {' and '.join(SPLITS)}, not of {', '.join(others)}")
    keras.utils.set_random_seed(seed)
    model = autoencoder(decoder)
    reals = [sample for sample in read_manifests(data) if sample.label == REAL]
    rng = np.random.default_rng(seed)
    drawn = {split: _draw(reals, split, pictures, rng) for split in SPLITS}
    learnt = [picture for picture in map(_load, drawn["train"]) if min(picture.shape[:2]) >= SIDE]
    if not learnt:
        raise UsageError(f"there are no real training faces of {SIDE} pixels or more to learn from")
    chosen = [sample for split in splits for sample in drawn[split]]
    if not all(drawn[split] for split in splits):
        raise UsageError(f"a split of {' and '.join(splits)} has no real faces to reconstruct")
    _train(model, learnt, steps, rng)
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    taken: set[str] = set()
    for sample in tqdm(chosen, unit=" pictures", disable=None):
        whole = f"{sample.source}-{sample.path.stem}"  # of a folder for each person, files may be called alike
        others = (f"{whole}-{number}.jpg" for number in count(2))
        name = next(name for name in chain([f"{whole}.jpg"], others) if name not in taken)
        taken.add(name)
        picture = _through(model, _load(sample))
        (out / name).write_bytes(image.encode(picture, ".jpg", quality=QUALITY))
        side = picture.shape[0]
        box = dict(zip(("x0", "y0", "x1", "y1"), sample.box or ("",) * 4, strict=True))
        origin = {"source": f"{decoder}_decoder", "method": decoder, "group": sample.group, "split": sample.split}
        rows.append({"file": name, "label": "fake", **origin, "side": side, "native_side": side, **box})
    write_table(out / "labels.csv", COLUMNS, rows)
    return out


def _draw(samples: list[Sample], split: str, count: int, rng: Generator) -> list[Sample]:
    """At most `count` samples of a split, in their order."""
    there = [sample for sample in samples if sample.split == split]
    return [there[i] for i in sorted(rng.permutation(len(there))[:count])]


def _load(sample: Sample) -> image.Picture:
    """A face, less the last rows and columns that an autoencoder's stride leaves over."""
    picture = image.whole(image.decode(sample.path.read_bytes()).pixels)
    side = picture.shape[0] // 4 * 4
    return picture[:side, :side]


def _train(model: keras.Model, pictures: list[image.Picture], steps: int, rng: Generator) -> None:
    falling = keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps)
    model.compile(optimizer=keras.optimizers.Adam(falling, clipnorm=1.0), loss=difference)
    bar = tqdm(range(steps), unit=" steps", disable=None)
    for _ in bar:
        windows = _windows(pictures, rng)
        loss = model.train_on_batch(windows, windows.astype(np.float32))
        bar.set_postfix(difference=f"{float(loss):.2f}")


def _windows(pictures: list[image.Picture], rng: Generator) -> NDArray[np.uint8]:
    """Random windows of random pictures: (BATCH, SIDE, SIDE, 3)."""
    windows = []
    for index in rng.integers(0, len(pictures), BATCH):
        picture = pictures[index]
        left, top = rng.integers(0, picture.shape[0] - SIDE + 1, 2)
        windows.append(picture[top : top + SIDE, left : left + SIDE])
    return np.stack(windows)


@keras.saving.register_keras_serializable("edge_detect")
def difference(wanted, found):
    """Mean absolute difference of pixels, and of their steps across and down, so that edges stay sharp."""
    apart = found - wanted
    across, down = apart[:, :, 1:] - apart[:, :, :-1], apart[:, 1:] - apart[:, :-1]
    return ops.mean(ops.abs(apart)) + ops.mean(ops.abs(across)) + ops.mean(ops.abs(down))


def _through(model: keras.Model, picture: image.Picture) -> image.Picture:
    """A picture as a model gives it back."""
    padded = cv2.copyMakeBorder(picture, 16, 16, 16, 16, cv2.BORDER_REFLECT_101)  # its traces have no edge to lean on
    found = np.asarray(model.predict_on_batch(padded[None]))[0, 16:-16, 16:-16]
    return np.ascontiguousarray(np.rint(np.clip(found, 0, 255)).astype(np.uint8))
