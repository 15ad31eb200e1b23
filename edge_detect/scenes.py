"""Pictures with face boxes, for the finder.

A scene folder holds `images.csv` (file, source, width, height, faces) and `faces.csv` (file, x0 y0 x1 y1 in pixels,
score, votes); the split is the first part of a file's path, `train/` or `test/`.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import PictureError, UsageError
from edge_detect.image import Picture, decode

CERTAIN_SCORE, CERTAIN_VOTES = 0.7, 2


@dataclass(frozen=True)
class Scene:
    """One picture; boxes float32 (n, 4) as x0 y0 x1 y1 in pixels, certain bool (n,): else neither right nor wrong."""

    path: Path
    source: str
    split: str
    boxes: NDArray[np.float32]
    certain: NDArray[np.bool_]


def read_scenes(root: Path) -> list[Scene]:
    """All scenes below `root`, sorted by path; one in eight of `train/`, by a hash of its name, becomes `val`.

    Raises UsageError when the tables are missing.
    """
    for name in ("images.csv", "faces.csv"):
        if not (root / name).is_file():
            raise UsageError(f"{root} holds no {name}")
    rows: dict[str, list[dict[str, str]]] = {}
    with (root / "faces.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["file"], []).append(row)
    with (root / "images.csv").open(newline="", encoding="utf-8") as file:
        pictures = {row["file"]: row["source"] for row in csv.DictReader(file)}
    return [_scene(root, name, source, rows.get(name, [])) for name, source in sorted(pictures.items())]


def _scene(root: Path, name: str, source: str, rows: list[dict[str, str]]) -> Scene:
    split = name.split("/", maxsplit=1)[0]
    if split == "train" and hashlib.sha256(name.encode()).digest()[0] < 32:
        split = "val"
    boxes = np.array([[float(row[key]) for key in ("x0", "y0", "x1", "y1")] for row in rows], np.float32)
    certain = [float(row["score"]) >= CERTAIN_SCORE and int(row["votes"]) >= CERTAIN_VOTES for row in rows]
    return Scene(root / name, source, split, boxes.reshape(-1, 4), np.array(certain, bool))


def load_scene(scene: Scene) -> Picture:
    """A scene's pixels. Raises PictureError, which names the file, when it cannot be read."""
    try:
        return decode(scene.path.read_bytes()).pixels
    except (OSError, PictureError) as error:
        raise PictureError(f"{scene.path}: {error}") from error


def scenes_hash(scenes: list[Scene]) -> str:
    """SHA-256 over names, boxes and picture bytes: the identity of a set of scenes."""
    digest = hashlib.sha256()
    for scene in scenes:
        digest.update(f"{scene.path.name} {scene.split}\n".encode())
        digest.update(scene.boxes.tobytes() + scene.certain.tobytes())
        digest.update(hashlib.sha256(scene.path.read_bytes()).digest())
    return digest.hexdigest()
