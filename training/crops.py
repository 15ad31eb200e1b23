"""Training crops for the classifier: which part of a picture, which damage, and what is known of each patch.

Worker processes import this file, so it stays free of Keras.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.errors import PictureError
from edge_detect.manifest import FAKE, Sample
from edge_detect.results import Box
from training.blend import altered, cross_blend, self_blend
from training.degrade import degrade, degrade_small
from training.feed import Batch
from training.recipe import Recipe
from training.sampling import Sampler

STRIDE = 16
"""Side of a patch in pixels."""
UNKNOWN = -1.0
"""What is known of patches that may be either: nothing."""
LEAST_COVER = 0.1
"""Share of a window that a blend is to cover."""
ENOUGH = 0.25
"""How much of a spliced crop, by area, must be fake for its label to be fake; less counts in proportion."""
ZOOM = 1.5
"""By how much, at most, the picture behind a zoomed crop is made smaller or larger."""
_TRIES = 8
_DONORS = 6
"""Faces from which the one that is laid over another is chosen."""


@dataclass(frozen=True)
class Layer:
    """A picture of the input's side, how fake each pixel is (0–1 or UNKNOWN, for all or as a mask), and its label."""

    picture: image.Picture
    fakeness: float | NDArray[np.float32]
    label: int


@dataclass(frozen=True)
class Window:
    """Which part of a picture becomes a training crop of side × side.

    A square in pixels with sides of `span`, scaled to `side`; or a turned and zoomed one by its matrix.
    """

    left: int
    top: int
    span: int
    side: int
    mirrored: bool
    turn: NDArray[np.float64] | None = None

    def cut(self, picture: NDArray[Any]) -> NDArray[Any]:
        """The crop of a picture or of a mask of its size, side × side."""
        if self.turn is None:
            square = picture[self.top : self.top + self.span, self.left : self.left + self.span]
            crop = image.resize(square, self.side)
        else:
            size, border = (self.side, self.side), cv2.BORDER_REFLECT_101
            crop = cv2.warpAffine(picture, self.turn, size, flags=cv2.INTER_LINEAR, borderMode=border)
        return np.ascontiguousarray(crop[:, ::-1] if self.mirrored else crop)


@dataclass
class CropMaker:
    """Makes batches of augmented crops and their answers from (seed, number)."""

    samples: list[Sample]
    recipe: Recipe
    _encoded: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Raises UsageError where the recipe asks for what the samples do not give."""
        recipe = self.recipe
        self._sampler = Sampler(self.samples, recipe.balance, recipe.paired, recipe.blended, recipe.favoured)

    def load(self) -> None:
        """Read all encoded pictures into memory. Raises OSError."""
        self._encoded = [sample.path.read_bytes() for sample in self.samples]

    def make(self, number: int) -> Batch:
        """Batch `number`: which samples, which crops, which damage.

        Raises PictureError, which names the file, when a picture cannot be decoded.
        """
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, number))
        side = int(rng.choice(recipe.crop_sides))
        strength = recipe.strength * min(1.0, number * recipe.batch / max(1, recipe.ramp))
        pixels = np.empty((recipe.batch, side, side, 3), np.uint8)
        labels = np.empty((recipe.batch, 1), np.float32)
        patches = np.empty((recipe.batch, side // STRIDE, side // STRIDE, 1), np.float32)
        row = 0
        for layers in self._units(rng):
            window = window_over(layers[-1], side, rng, recipe.zoomed)
            seed = rng.integers(2**63)
            damage = degrade_small if rng.random() < recipe.small else degrade
            for layer in layers:  # what belongs together shares its window and its damage
                pixels[row] = damage(window.cut(layer.picture), np.random.default_rng(seed), strength)
                labels[row] = layer.label
                patches[row, ..., 0] = patch_answers(layer.fakeness, window)
                row += 1
        if recipe.spliced:
            splice(pixels, labels, patches, round(recipe.spliced * recipe.batch), rng)
        return pixels, {"logit": labels, "probability": labels, "patches": patches}

    def _units(self, rng: Generator) -> Iterator[list[Layer]]:
        """What a batch is made of: single pictures, and pairs of a real one and a fake one."""
        drawn = self._sampler.draw(self.recipe.batch, rng)
        for index in drawn.single:
            yield [self._layer(index)[0]]
        for pair in drawn.paired:
            original, fake = (self._layer(index)[0] for index in pair)
            where = altered(original.picture, fake.picture) if fake.fakeness == UNKNOWN else None
            yield [original, fake if where is None else replace(fake, fakeness=where)]
        for index in drawn.blended:
            real, box = self._face(index)
            others = self._others(index, rng)
            blend = cross_blend(real.picture, box, others, rng) if others else self_blend(real.picture, box, rng)
            yield [real, Layer(*blend, label=FAKE)]

    def _others(self, index: int, rng: Generator) -> list[tuple[image.Picture, Box]]:
        """Other faces, from which one is laid over that of a sample; none where its own is."""
        if not self.recipe.crossed or rng.random() >= self.recipe.crossed:
            return []
        donors = [self._face(other) for other in self._sampler.blendable(_DONORS, rng) if other != index]
        return [(layer.picture, box) for layer, box in donors]

    def _face(self, index: int) -> tuple[Layer, Box]:
        """A sample as it is scored whole, and its face box there; the sample has one.

        Raises PictureError where the box is beside what is scored.
        """
        layer, square = self._layer(index)
        box = self.samples[index].box
        assert box is not None
        side = layer.picture.shape[0]
        x0, y0, x1, y1 = box
        scale = side / square.side
        face = Box(x0 - square.left, y0 - square.top, x1 - square.left, y1 - square.top).scaled(scale, scale)
        if min(face.x1, face.y1) <= 0 or max(face.x0, face.y0) >= side:
            raise PictureError(f"{self.samples[index].path}: its face box is outside of what is scored; see labels.csv")
        return layer, face

    def _layer(self, index: int) -> tuple[Layer, image.Square]:
        """A sample as it is scored whole, and which part of it that is."""
        sample, side = self.samples[index], self.recipe.input_side
        try:
            decoded = image.decode(self._encoded[index], shorter=image.SPARE * side)
        except PictureError as error:
            raise PictureError(f"{sample.path}: {error}") from error
        partial = sample.label == FAKE and sample.source in self.recipe.partial
        picture = image.resize(image.whole(decoded.pixels), side)
        layer = Layer(picture, UNKNOWN if partial else float(sample.label), sample.label)
        return layer, image.centred_square(decoded.width, decoded.height)


def window_over(layer: Layer, side: int, rng: Generator, zoomed: float = 0.0) -> Window:
    """A random window that a blend, where there is one, covers in part (or the best of a few)."""
    windows = [random_window(layer.picture.shape[0], side, rng, zoomed)]
    if isinstance(layer.fakeness, float):
        return windows[0]
    covers = [_cover(layer.fakeness, windows[0])]
    while covers[-1] < LEAST_COVER and len(windows) < _TRIES:
        windows.append(random_window(layer.picture.shape[0], side, rng, zoomed))
        covers.append(_cover(layer.fakeness, windows[-1]))
    return windows[int(np.argmax(covers))]


def _cover(mask: NDArray[np.float32], window: Window) -> float:
    """Share (0–1) of a window that a mask covers."""
    return float(window.cut(mask).mean())


def random_window(room: int, side: int, rng: Generator, zoomed: float = 0.0) -> Window:
    """A window of a room × room picture at a random place, half of them mirrored, one in five also turned.

    zoomed: share of windows onto the picture at another scale, between 1/ZOOM (or as small as there is room) and ZOOM.
    """
    span = side
    if zoomed and rng.random() < zoomed:
        span = min(room, round(side * ZOOM ** rng.uniform(-1, 1)))
    left, top = (int(value) for value in rng.integers(0, room - span + 1, 2))
    turn = None
    if span == side and rng.random() < 0.2:
        centre = (left + side / 2, top + side / 2)
        turn = cv2.getRotationMatrix2D(centre, rng.uniform(-12, 12), rng.uniform(0.85, 1.3))
        turn[:, 2] -= (left, top)
    return Window(left, top, span, side, bool(rng.random() < 0.5), turn)


def patch_answers(fakeness: float | NDArray[np.float32], window: Window) -> float | NDArray[np.float32]:
    """How fake each patch of a window is: 0–1 or UNKNOWN, one number for all or (side/STRIDE, side/STRIDE)."""
    if isinstance(fakeness, float):
        return fakeness
    grid = window.side // STRIDE
    return cv2.resize(window.cut(fakeness), (grid, grid), interpolation=cv2.INTER_AREA)


def splice(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.float32],
    patches: NDArray[np.float32],
    count: int,
    rng: Generator,
) -> None:
    """Give the crops in `count` rows of a batch a rectangle of whole patches of the next such row (Yun et al., 2019).

    A row's label becomes how much of it is fake, by area, over ENOUGH, and at most 1: a picture of which a part is fake
    is a fake. Changes the arrays in place.
    """
    rows = rng.permutation(len(pixels))[:count]
    donors = np.roll(rows, 1)
    givers = pixels[donors], labels[donors], patches[donors]
    grid = patches.shape[1]
    for row, theirs, label, answers in zip(rows, *givers, strict=True):
        height, width = rng.integers(1, grid, 2)
        top, left = rng.integers(0, (grid - height + 1, grid - width + 1))
        part = slice(top * STRIDE, (top + height) * STRIDE), slice(left * STRIDE, (left + width) * STRIDE)
        pixels[row][part] = theirs[part]
        patches[row, top : top + height, left : left + width] = answers[top : top + height, left : left + width]
        share = height * width / grid**2
        labels[row] = np.minimum(1, ((1 - share) * labels[row] + share * label) / ENOUGH)
