"""Training frames for the finder: scenes and face crops, laid out anew each time.

A frame is a uint8 RGB square with boxes (n, 4) in its pixels and a flag for each: certain, or to be ignored. Worker
processes import this file, so it stays free of Keras.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from edge_detect.image import Picture, decode
from edge_detect.manifest import Sample
from edge_detect.scenes import Scene, load_scene
from training.degrade import degrade
from training.feed import Batch
from training.recipe import Recipe
from training.targets import Targets, targets

SMALLEST = 7.0
"""Faces with a longer side below this many pixels of the frame are ignored."""


@dataclass
class Frame:
    """A canvas being filled."""

    pixels: Picture
    boxes: NDArray[np.float32]
    certain: NDArray[np.bool_]

    @classmethod
    def blank(cls, side: int, colour: NDArray[np.uint8]) -> "Frame":
        """A frame of one colour, without boxes."""
        pixels = np.zeros((side, side, 3), np.uint8)
        cv2.rectangle(pixels, (0, 0), (side, side), colour.tolist(), cv2.FILLED)
        return cls(pixels, np.zeros((0, 4), np.float32), np.zeros(0, bool))


@dataclass(frozen=True)
class Labelled:
    """A decoded picture with its boxes (n, 4), certain or not (n,)."""

    pixels: Picture
    boxes: NDArray[np.float32]
    certain: NDArray[np.bool_]


def lay(frame: Frame, picture: Labelled, scale: float, angle: float, centre: tuple[float, float], soft: bool) -> None:
    """Lay a picture over the frame: scaled, turned by degrees about its middle, its middle at `centre`.

    What it covers loses its boxes where more than half of them is hidden. A box stays upright: a turned face is about
    as wide as it was.
    """
    matrix = _placement(picture.pixels, scale, angle, centre)
    pixels, shrunk = _shrink(picture.pixels, scale)
    mask = np.zeros(frame.pixels.shape[:2], np.uint8)
    outline = np.rint(_corners(picture.pixels) @ matrix[:, :2].T + matrix[:, 2]).astype(np.int32)
    cv2.fillConvexPoly(mask, outline, 255)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return
    matrix_here = (matrix - [[0, 0, x], [0, 0, y]]) @ shrunk
    laid = cv2.warpAffine(pixels, matrix_here, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    under, cover = frame.pixels[y : y + height, x : x + width], mask[y : y + height, x : x + width]
    if soft:
        outside = {"borderType": cv2.BORDER_CONSTANT}
        cover = cv2.erode(cover, np.ones((3, 3), np.uint8), iterations=3, borderValue=0, **outside)
        cover = cv2.GaussianBlur(cover, (0, 0), 3, **outside)
        share = cover.astype(np.float32) / 255
        under[:] = cv2.blendLinear(laid, np.ascontiguousarray(under), share, 1 - share)
    else:
        cv2.copyTo(laid, cover, under)

    shown = np.array([_share_inside(255 - mask, box) >= 0.5 for box in frame.boxes], bool)
    middles = (picture.boxes[:, :2] + picture.boxes[:, 2:]) / 2
    halves = (picture.boxes[:, 2:] - picture.boxes[:, :2]) / 2 * scale
    moved = middles @ matrix[:, :2].T + matrix[:, 2]
    boxes = np.hstack([moved - halves, moved + halves]).astype(np.float32)
    frame.boxes = np.vstack([frame.boxes[shown], boxes])
    frame.certain = np.concatenate([frame.certain[shown], picture.certain])


def _placement(picture: Picture, scale: float, angle: float, centre: tuple[float, float]) -> NDArray[np.float64]:
    """The matrix (2, 3) from pixels of the picture to pixels of the frame."""
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    matrix = cv2.getRotationMatrix2D(middle, angle, scale)
    matrix[:, 2] += np.array(centre) - middle
    return matrix


def _shrink(picture: Picture, scale: float) -> tuple[Picture, NDArray[np.float64]]:
    """The picture at its final scale where that is smaller, and the matrix (3, 3) from its pixels to the original's.

    A warp reads only the nearest pixels, so shrinking is done before it, by area averaging; enlarging is left to it.
    """
    if scale >= 1:
        return picture, np.eye(3)
    height, width = picture.shape[:2]
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    shrunk = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return shrunk, np.diag((width / size[0], height / size[1], 1.0))


def _corners(picture: Picture) -> NDArray[np.float64]:
    height, width = picture.shape[:2]
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)


def finish(frame: Frame, rng: Generator, strength: float) -> Frame:
    """Mirror, hide parts of faces, darken, damage; then settle which boxes count.

    Boxes less than a quarter inside the frame are dropped, those cut by its edge or too small are ignored.
    """
    side = frame.pixels.shape[0]
    pixels, boxes = frame.pixels, frame.boxes
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
        boxes = np.stack([side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]], 1)
    for box in boxes:
        if rng.random() < 0.12:
            _hide_part(pixels, box, rng)
    if rng.random() < 0.15:
        gamma = rng.uniform(1.3, 3.0)
        pixels = cv2.LUT(pixels, np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8))
    pixels = degrade(pixels, rng, strength)

    clipped = np.clip(boxes, 0, side)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    inside = np.prod(clipped[:, 2:] - clipped[:, :2], axis=1) / np.maximum(area, 1e-6)
    longer = np.max(boxes[:, 2:] - boxes[:, :2], axis=1, initial=0)
    kept = inside > 0.25
    certain = frame.certain & (inside > 0.6) & (longer >= SMALLEST)
    return Frame(pixels, clipped[kept].astype(np.float32), certain[kept])


def _share_inside(mask: Picture, box: NDArray[np.float32]) -> float:
    x0, y0, x1, y1 = (int(value) for value in np.clip(np.rint(box), 0, mask.shape[0]))
    region = mask[y0:y1, x0:x1]
    return float(region.mean() / 255) if region.size else 0.0


def _hide_part(pixels: Picture, box: NDArray[np.float32], rng: Generator) -> None:
    """Cover up to two fifths of a face from one side, with one colour or a copy of another place of the frame."""
    x0, y0, x1, y1 = (int(value) for value in np.clip(np.rint(box), 0, pixels.shape[0]))
    if x1 - x0 < 6 or y1 - y0 < 6:
        return
    share = rng.uniform(0.15, 0.4)
    match int(rng.integers(4)):
        case 0:
            x1 = x0 + round(share * (x1 - x0))
        case 1:
            x0 = x1 - round(share * (x1 - x0))
        case 2:
            y1 = y0 + round(share * (y1 - y0))
        case _:
            y0 = y1 - round(share * (y1 - y0))
    height, width = y1 - y0, x1 - x0
    if rng.random() < 0.5:
        pixels[y0:y1, x0:x1] = rng.integers(0, 256, 3)
    else:
        top, left = (int(rng.integers(0, pixels.shape[0] - size + 1)) for size in (height, width))
        pixels[y0:y1, x0:x1] = pixels[top : top + height, left : left + width].copy()


@dataclass
class FrameMaker:
    """Makes batches of composed frames and their targets from (seed, number)."""

    scenes: list[Scene]
    crops: list[Sample]
    recipe: Recipe
    _scenes: list[Labelled] = field(default_factory=list)
    _crops: list[bytes] = field(default_factory=list)

    def load(self) -> None:
        """Decode the scenes and read the encoded face crops into memory."""
        self._scenes = [Labelled(load_scene(scene), scene.boxes, scene.certain) for scene in self.scenes]
        self._faceless = [scene for scene in self._scenes if not scene.certain.any()]
        crowded = np.sqrt([max(1, int(scene.certain.sum())) for scene in self._scenes])  # they teach more
        self._chances = crowded / crowded.sum()
        self._crops = [sample.path.read_bytes() for sample in self.crops]

    def make(self, number: int) -> Batch:
        """Batch `number`: frames uint8 (n, side, side, 3) and the targets of `training.targets`."""
        recipe = self.recipe
        rng = np.random.default_rng((recipe.seed, number))
        strength = recipe.strength * min(1.0, number * recipe.batch / max(1, recipe.ramp))
        pixels = np.empty((recipe.batch, recipe.input_side, recipe.input_side, 3), np.uint8)
        answers: list[Targets] = []
        for i in range(recipe.batch):
            frame = self.frame(rng, strength)
            pixels[i] = frame.pixels
            answers.append(targets(recipe.input_side, frame.boxes, frame.certain))
        return pixels, {name: np.stack([answer[name] for answer in answers]) for name in answers[0]}

    def frame(self, rng: Generator, strength: float) -> Frame:
        """One finished frame; `load` must have been called."""
        return finish(self._layout(rng), rng, strength)

    def _layout(self, rng: Generator) -> Frame:
        """One scene at a random zoom, four of them, one face that fills the frame, or faces over a faceless scene."""
        side = self.recipe.input_side
        colour = np.zeros(3, np.uint8) if rng.random() < 0.5 else rng.integers(0, 256, 3).astype(np.uint8)
        frame = Frame.blank(side, colour)
        kind = rng.random()
        if kind < 0.5:
            self._lay_scene(frame, rng, (0, 0, side, side))
        elif kind < 0.65:
            half = side / 2
            for left, top in ((0, 0), (half, 0), (0, half), (half, half)):
                self._lay_scene(frame, rng, (left, top, left + half, top + half))
        elif kind < 0.77:
            self._lay_crop(frame, rng, side * float(2 ** rng.uniform(-0.7, 0.3)), 0.15)
        else:
            self._lay_background(frame, rng)
            for _ in range(int(rng.integers(0, 6))):
                self._lay_crop(frame, rng, side * float(2 ** rng.uniform(-4.3, 0)), 0.45)
        return frame

    def _lay_scene(self, frame: Frame, rng: Generator, cell: tuple[float, float, float, float]) -> None:
        """A scene so that it fits the cell, is smaller, or is a cut-out of it; sometimes turned."""
        scene = self._scenes[int(rng.choice(len(self._scenes), p=self._chances))]
        left, top, right, bottom = cell
        fitting = (right - left) / max(scene.pixels.shape[:2])
        zoom = 1.0 if rng.random() < 0.3 else float(2 ** rng.uniform(-1.0, 1.3))
        angle = float(rng.uniform(-30, 30)) if rng.random() < 0.3 else 0.0
        middle = np.array([(left + right) / 2, (top + bottom) / 2])
        slack = abs(zoom - 1) * (right - left) / 2
        centre = middle + rng.uniform(-slack, slack, 2)
        lay(frame, scene, fitting * zoom, angle, (float(centre[0]), float(centre[1])), soft=False)

    def _lay_background(self, frame: Frame, rng: Generator) -> None:
        """A scene without a certain face over the whole frame, or a part of one, if there is any."""
        if not self._faceless:
            return
        background = self._faceless[int(rng.integers(len(self._faceless)))]
        side = self.recipe.input_side
        scale = side / min(background.pixels.shape[:2]) * float(2 ** rng.uniform(0.1, 1.6))
        slack = (np.array(background.pixels.shape[1::-1]) * scale - side) / 2
        centre = side / 2 + rng.uniform(-slack, slack)
        lay(frame, background, scale, 0.0, (float(centre[0]), float(centre[1])), soft=False)

    def _lay_crop(self, frame: Frame, rng: Generator, size: float, spread: float) -> None:
        """A face crop whose face has a longer side of `size` pixels, up to `spread` of the frame from its middle."""
        index = int(rng.integers(len(self._crops)))
        pixels = decode(self._crops[index]).pixels
        box = self.crops[index].box
        assert box is not None
        crop = Labelled(pixels, np.array([box], np.float32), np.ones(1, bool))
        side = self.recipe.input_side
        scale = size / max(box[2] - box[0], box[3] - box[1])
        centre = side / 2 + rng.uniform(-spread * side, spread * side, 2)
        angle = float(rng.uniform(-30, 30)) if rng.random() < 0.5 else 0.0
        lay(frame, crop, scale, angle, (float(centre[0]), float(centre[1])), soft=bool(rng.random() < 0.5))
