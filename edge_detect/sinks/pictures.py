"""Pictures as a way out: what the classifier saw, and where it looked."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from edge_detect import image
from edge_detect.detector import Inspection
from edge_detect.results import TOO_SMALL, Verdict

_LONGEST = 200
"""Bytes of a name at most before what is put behind it: file systems take 255."""
_COLOURS = {Verdict.FAKE: (220, 30, 30), Verdict.REAL: (30, 160, 60), Verdict.UNCERTAIN: (230, 160, 0)}


def save_crops(inspection: Inspection, folder: Path) -> None:
    """Write each crop as a PNG: the very pixels that the classifier was given."""
    for number, crop in enumerate(inspection.crops):
        image.save(folder / f"{unique_name(inspection.result.path)}-{number}.png", crop)


def save_annotated(inspection: Inspection, folder: Path) -> None:
    """Write the picture as a JPEG with each face's box, verdict and score drawn in; nothing for an unreadable one.

    It is as large as it was decoded, or as a JPEG can be: large JPEGs are smaller than their originals.
    """
    if inspection.picture is not None:
        image.save(folder / f"{unique_name(inspection.result.path)}.jpg", annotated(inspection))


def annotated(inspection: Inspection) -> image.Picture:
    """A copy of the decoded picture with each face's box, verdict and score drawn in; black for an unreadable one."""
    pixels, width, height = inspection.picture or (np.zeros((48, 64, 3), np.uint8), 64, 48)
    canvas: image.Picture = np.ascontiguousarray(pixels).copy()
    thickness = max(1, round(max(canvas.shape) / 400))
    for face in inspection.result.faces:
        box = face.box.scaled(canvas.shape[1] / width, canvas.shape[0] / height)
        left, top, right, bottom = (round(value) for value in (box.x0, box.y0, box.x1 - 1, box.y1 - 1))
        colour = _COLOURS[face.verdict]
        cv2.rectangle(canvas, (left, top), (right, bottom), colour, thickness)
        text = "too small" if face.reason == TOO_SMALL else f"{face.verdict} {face.score:.2f}"
        _label(canvas, text, (left, top), colour, thickness)
    return canvas


def faded(picture: image.Picture) -> image.Picture:
    """The last picture of a source that is lost, as nobody takes for a new one: dark, grey, and it says so."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    canvas: image.Picture = np.repeat(grey[..., None] // 2, 3, axis=2).astype(np.uint8)
    _label(canvas, "source lost", (0, 0), (0, 0, 0), max(1, round(max(canvas.shape) / 400)))
    return canvas


def unique_name(path: str) -> str:
    """A file name for what comes of a picture: its stem, and a hash that keeps equal names apart."""
    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem = "stdin" if path == "-" else Path(path).stem
    printable = "".join(sign if sign.isprintable() and sign not in "/\\" else "_" for sign in stem)
    return f"{printable.encode()[:_LONGEST].decode(errors='ignore')}-{digest}"


def _label(canvas: image.Picture, text: str, corner: tuple[int, int], colour: tuple[int, int, int], thick: int) -> None:
    """White text on a plate of the verdict's colour, above the box, or in its corner where there is no room above."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.45 * max(1.0, thick / 1.5)
    (width, height), base = cv2.getTextSize(text, font, scale, thick)
    left = max(0, min(corner[0], canvas.shape[1] - width))
    above = corner[1] - height - base
    top = above if above >= 0 else max(0, corner[1])
    cv2.rectangle(canvas, (left, top), (left + width, top + height + base), colour, -1)
    cv2.putText(canvas, text, (left, top + height), font, scale, (255, 255, 255), thick, cv2.LINE_AA)
