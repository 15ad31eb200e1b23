"""Pictures with face boxes, for the finder.

A scene folder holds `images.csv` (file, source, width, height, faces) and `faces.csv` (file, x0 y0 x1 y1 in pixels,
score, votes); the split is the first part of a file's path, `train/` or `test/`.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import PictureError, UsageError
from edge_detect.image import Picture, decode

CERTAIN_SCORE, CERTAIN_VOTES = 0.7, 2
_CORNERS = ("x0", "y0", "x1", "y1")


@dataclass(frozen=True)
class Scene:
    """One picture.

    boxes float32 (n, 4): x0 y0 x1 y1 in pixels; certain bool (n,): else neither right nor wrong; longer: side of the
    picture in pixels.
    """

    path: Path
    source: str
    split: str
    boxes: NDArray[np.float32]
    certain: NDArray[np.bool_]
    longer: int

    @property
    def sizes(self) -> NDArray[np.float32]:
        """Longer side of each box as a share of the picture's, (n,)."""
        return np.asarray(np.max(self.boxes[:, 2:] - self.boxes[:, :2], axis=1, initial=0) / self.longer, np.float32)


def read_scenes(root: Path) -> list[Scene]:
    """All scenes below `root`, sorted by path; one in eight of `train/`, by a hash of its name, becomes `val`.

    Raises UsageError when a table is missing, lacks a column, has blank fields or holds what are no sizes and boxes,
    when a picture is listed twice, and when a face is in no picture of `images.csv`, or there is none.
    """
    listed = _rows(root / "images.csv", "file", "source", "width", "height")
    pictures = {row["file"]: row for row in listed}
    if len(pictures) < len(listed):
        twice = next(name for name, count in Counter(row["file"] for row in listed).items() if count > 1)
        raise UsageError(f"{root / 'images.csv'}: {twice} is listed twice; list each picture once")
    if not pictures:
        raise UsageError(f"{root} holds no pictures")
    faces: dict[str, list[dict[str, str]]] = {name: [] for name in pictures}
    for row in _rows(root / "faces.csv", "file", *_CORNERS, "score", "votes"):
        if row["file"] not in faces:
            raise UsageError(f"{root / 'faces.csv'}: {row['file']} is not in images.csv")
        faces[row["file"]].append(row)
    return [_scene(root, picture, faces[name]) for name, picture in sorted(pictures.items())]


def of_split(scenes: Iterable[Scene], split: str) -> list[Scene]:
    """The scenes of a split. Raises UsageError, which names the splits there are, when it has none."""
    by_split: dict[str, list[Scene]] = {}
    for scene in scenes:
        by_split.setdefault(scene.split, []).append(scene)
    if split not in by_split:
        raise UsageError(f"no picture is in the split {split!r}; there are pictures in {', '.join(sorted(by_split))}")
    return by_split[split]


def _rows(table: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of a table that must have these columns."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = set(columns) - set(reader.fieldnames or ())
            rows = list(reader)
    except FileNotFoundError as error:
        raise UsageError(f"{table.parent} holds no {table.name}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no CSV table in UTF-8: {error}; save it again as one") from error
    if missing:
        raise UsageError(f"{table} lacks the columns {', '.join(sorted(missing))}")
    for number, row in enumerate(rows, 1):
        if blank := sorted(name for name in columns if not row[name]):
            raise UsageError(f"{table}, row {number}: there is no {' and no '.join(blank)}")
    return rows


def _scene(root: Path, picture: dict[str, str], rows: list[dict[str, str]]) -> Scene:
    name = picture["file"]
    split = name.split("/", maxsplit=1)[0]
    if split == "train" and hashlib.sha256(name.encode()).digest()[0] < 32:
        split = "val"
    try:
        longer = max(int(picture["width"]), int(picture["height"]))
        boxes = np.array([[float(row[key]) for key in _CORNERS] for row in rows], np.float32).reshape(-1, 4)
        certain = [float(row["score"]) >= CERTAIN_SCORE and float(row["votes"]) >= CERTAIN_VOTES for row in rows]
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{root}: the rows of {name} in images.csv and faces.csv must hold numbers: {error}"
        ) from error
    if longer < 1 or not (np.isfinite(boxes).all() and (boxes[:, :2] < boxes[:, 2:]).all()):
        raise UsageError(f"{root}: {name} needs sides of 1 pixel or more, and boxes with x0 < x1 and y0 < y1")
    return Scene(root / name, picture["source"], split, boxes, np.array(certain, bool), longer)


def load_scene(scene: Scene) -> Picture:
    """A scene's pixels. Raises PictureError, which names the file, when it cannot be read."""
    try:
        return decode(scene.path.read_bytes()).pixels
    except OSError as error:
        raise PictureError(f"{scene.path}: {error.strerror}") from error
    except PictureError as error:
        raise PictureError(f"{scene.path}: {error}") from error


def scenes_hash(scenes: list[Scene]) -> str:
    """SHA-256 over names, boxes and picture bytes: the identity of a set of scenes."""
    digest = hashlib.sha256()
    for scene in scenes:
        digest.update(f"{scene.path.name} {scene.split}\n".encode())
        digest.update(scene.boxes.tobytes() + scene.certain.tobytes())
        digest.update(hashlib.sha256(scene.path.read_bytes()).digest())
    return digest.hexdigest()
