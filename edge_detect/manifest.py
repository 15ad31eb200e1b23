"""Which pictures there are, what they show, and which split they belong to.

A manifest is a folder with a `labels.csv` (columns: file, label, source, method, group, split, and optionally
x0 y0 x1 y1, the face box in pixels), or a folder with a sub-folder for each label, as `real/` and `fake/`.
"""

import csv
import hashlib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from edge_detect import image
from edge_detect.errors import PictureError, UsageError
from edge_detect.sources.files import walk

REAL, FAKE = 0, 1
LABELS = ("real", "fake")
SPLITS = ("train", "val", "test", "unseen")
ALL = "all"
"""What figures of all sources together are listed as, among those of each."""
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"}
_REQUIRED = {"file", "label", "source", "method", "group", "split"}


@dataclass(frozen=True)
class Sample:
    """One labelled picture.

    label is REAL or FAKE (or the place of another label in its list), group ties pictures of one origin together, box
    is the face's x0 y0 x1 y1 in pixels.
    """

    path: Path
    label: int
    source: str
    method: str
    group: str
    split: str
    box: tuple[float, float, float, float] | None = None


def read_manifest(root: Path, labels: Sequence[str] = LABELS) -> list[Sample]:
    """All samples below `root`, sorted by path.

    Raises UsageError when there are none, a table or folder cannot be read, a label or split is unknown, a source is
    called ALL, or a group spans two splits.
    """
    table = root / "labels.csv"
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}; name one with labelled pictures")
    if table.is_file():
        samples = list(_from_csv(root, table, labels))
    elif all((root / label).is_dir() for label in labels):
        samples = list(_from_folders(root, labels))
    else:
        folders = " and ".join(f"{label}/" for label in labels)
        raise UsageError(f"{root} has neither a labels.csv nor the folders {folders}")
    if not samples:
        raise UsageError(f"{root} holds no pictures")
    if any(sample.source == ALL for sample in samples):
        raise UsageError(f"{root} has a source {ALL!r}, which is what all sources are called together; rename it")
    check_groups(samples)
    return sorted(samples, key=lambda sample: str(sample.path))


def labels_in(roots: Iterable[Path]) -> list[str]:
    """The labels that manifests use, sorted: those of each one's labels.csv, else the names of its sub-folders.

    Raises UsageError when one of the manifests is not there or names no label, or all of them fewer than two.
    """
    found = {root: _labels_of(root) for root in roots}
    labels = sorted({label for labels in found.values() for label in labels})
    if len(labels) < 2:
        raise UsageError(
            f"all pictures of {' and '.join(map(str, found))} have the label {labels[0]!r}; there must be two or more"
        )
    return labels


def _labels_of(root: Path) -> set[str]:
    table = root / "labels.csv"
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}; name one with labelled pictures")
    if table.is_file():
        with _opened(table) as file:
            found = {label for row in csv.DictReader(file) if (label := row.get("label"))}
    else:
        found = {path.name for path in root.glob("[!.]*") if path.is_dir()}
    if not found:
        raise UsageError(f"{root} has neither a labels.csv with labels nor a folder of pictures for each label")
    return found


def read_manifests(roots: Iterable[Path], labels: Sequence[str] = LABELS) -> list[Sample]:
    """The samples of several manifests.

    Raises UsageError as `read_manifest` does, also for what is wrong with them together; when a picture is listed
    twice; and when two folders without a table have the same name.
    """
    parts = [(root, read_manifest(root, labels)) for root in roots]
    samples = [sample for _, part in parts for sample in part]
    check_groups(samples)
    _check_files(samples)
    _check_sources(dict(parts))
    return samples


def check_groups(samples: Iterable[Sample]) -> None:
    """Raise UsageError when pictures of one group are in more than one split."""
    seen: dict[str, str] = {}
    for sample in samples:
        if seen.setdefault(sample.group, sample.split) != sample.split:
            raise UsageError(
                f"group {sample.group!r} is in the splits {seen[sample.group]!r} and {sample.split!r}; "
                "pictures of one origin must share a split"
            )


def _check_files(samples: Iterable[Sample]) -> None:
    """Raise UsageError when a picture is listed twice, whatever way leads to its folder."""
    folders: dict[Path, str] = {}
    seen: set[tuple[str, str]] = set()
    for sample in samples:
        folder = sample.path.parent
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        key = (folders[folder], sample.path.name)
        if key in seen:
            raise UsageError(f"{sample.path} is listed twice, and would count twice: list each picture once")
        seen.add(key)


def _check_sources(parts: Mapping[Path, Sequence[Sample]]) -> None:
    """Raise UsageError when two folders without a table have the same name, which is that of their source."""
    seen: dict[str, Path] = {}
    for root, samples in parts.items():
        name = samples[0].source
        if not (root / "labels.csv").is_file() and seen.setdefault(name, root) is not root:
            raise UsageError(
                f"{seen[name]} and {root} would pass for one source, since both are called {name!r}: rename one"
            )


def data_hash(samples: Iterable[Sample]) -> str:
    """SHA-256 over names, labels and picture bytes: the identity of a data set, for a model's provenance."""
    digest = hashlib.sha256()
    for sample in sorted(samples, key=lambda sample: (sample.source, sample.path.name)):
        digest.update(os.fsencode(f"{sample.source}/{sample.path.name} {sample.label} {sample.split}\n"))
        digest.update(hashlib.sha256(sample.path.read_bytes()).digest())
    return digest.hexdigest()


def samples_hash(samples: Iterable[Sample]) -> str:
    """SHA-256 over samples in their order, with groups and face boxes: what batches are drawn from beside the bytes."""
    digest = hashlib.sha256()
    for sample in samples:
        digest.update(repr((sample.source, sample.path.name, sample.label, sample.group, sample.box)).encode())
    return digest.hexdigest()


def load_pictures(samples: Iterable[Sample], side: int) -> NDArray[np.uint8]:
    """Whole pictures as `--whole-image` scores them, uint8 (n, side, side, 3).

    Raises PictureError, which names the file, when one cannot be read.
    """
    return np.stack([_load(sample, side) for sample in samples])


def _load(sample: Sample, side: int) -> image.Picture:
    try:
        return image.load_whole(sample.path.read_bytes(), side)
    except OSError as error:
        raise PictureError(f"{sample.path}: {error.strerror}") from error
    except PictureError as error:
        raise PictureError(f"{sample.path}: {error}") from error


def _from_csv(root: Path, table: Path, labels: Sequence[str]) -> Iterator[Sample]:
    with _opened(table) as file:
        reader = csv.DictReader(file)
        missing = _REQUIRED - set(reader.fieldnames or ())
        if missing:
            raise UsageError(f"{table} lacks the columns {', '.join(sorted(missing))}")
        for row in reader:
            where = f"{table}, line {reader.line_num}"
            if blank := sorted(name for name in ("file", "group") if not row[name]):
                raise UsageError(f"{where}: there is no {' and no '.join(blank)}")
            if "\0" in row["file"]:
                raise UsageError(f"{where}: {row['file']!r} cannot be a file's name")
            if row["label"] not in labels:
                known = (
                    f"neither {labels[0]!r} nor {labels[1]!r}" if len(labels) == 2 else f"none of {', '.join(labels)}"
                )
                raise UsageError(f"{where}: label {row['label']!r} is {known}")
            if row["split"] not in SPLITS:
                raise UsageError(f"{where}: split {row['split']!r} is not one of {', '.join(SPLITS)}")
            label = labels.index(row["label"])
            names = (row["source"] or "", row["method"] or "", row["group"], row["split"])
            yield Sample(root / row["file"], label, *names, _box(row, where))


@contextmanager
def _opened(table: Path) -> Iterator[TextIO]:
    """A table to read. Raises UsageError where it is no text in UTF-8."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            yield file
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{table} is no CSV table in UTF-8: {error}; save it again as one") from error


def _box(row: dict[str, str], where: str) -> tuple[float, float, float, float] | None:
    """The box in a row, or none where it holds none. Raises UsageError for what are not four numbers."""
    if not row.get("x0"):
        return None
    try:
        x0, y0, x1, y1 = (float(row[name]) for name in ("x0", "y0", "x1", "y1"))
    except (KeyError, TypeError, ValueError):
        x0 = y0 = x1 = y1 = math.nan
    if not (-math.inf < x0 < x1 < math.inf and -math.inf < y0 < y1 < math.inf):
        raise UsageError(f"{where}: a box is four numbers, x0 y0 x1 y1 with x0 < x1 and y0 < y1, or blank")
    return x0, y0, x1, y1


def _from_folders(root: Path, labels: Sequence[str]) -> Iterator[Sample]:
    """Split by a hash of the group, 80:10:10; the group is the sub-folder in a label's folder, else the file.

    Links are followed, and hidden files are left out. The source is called as the folder, whatever way there was named.
    Raises UsageError for a folder that cannot be listed.
    """
    source = os.path.basename(os.path.abspath(root)).encode("utf-8", "backslashreplace").decode()  # noqa: PTH100, PTH119
    for label, name in enumerate(labels):
        folder = root / name
        for path in map(Path, walk(str(folder))):
            inner = path.relative_to(folder)
            if not os.access(path.parent, os.X_OK) or path.is_dir():
                raise UsageError(f"{path} cannot be looked into: make its folder readable, or take it out of the data")
            if path.suffix.lower() in _SUFFIXES and path.is_file():
                group = inner.parts[0] if len(inner.parts) > 1 else inner.stem
                yield Sample(path, label, source, name, f"{source}-{group}", split_of(group))


def split_of(group: str) -> str:
    """The split of a group that nobody has put into one: by its hash, 80:10:10."""
    tenth = int(hashlib.sha256(os.fsencode(group)).hexdigest(), 16) % 10
    return {8: "val", 9: "test"}.get(tenth, "train")
