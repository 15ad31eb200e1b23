"""Building a source: every picture of its plan to a crop or a reason, on all cores, again and again the same.

A folder of a built source holds `labels.csv` (the crops, in the columns of the shared data), `dropped.csv` (all other
pictures, with the reason), `real/` and `fake/`, `build.json` (what it was made from), and `journal/`: a file for each
stretch of the plan that is done, from which an interrupted build goes on. A file appears whole or not at all.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import cv2

from edge_detect.errors import UsageError
from edge_detect.faces import FaceFinder
from edge_detect.image import Picture
from edge_detect.manifest import Sample, split_of
from edge_detect.writable import write_whole
from training.sources import cutting
from training.sources.cutting import Crop, RejectedError
from training.sources.plan import Item, crop_name
from training.sources.repository import BlobReader, Repository
from training.sources.sizes import UNMATCHED, unmatched
from training.sources.source import JUDGED, Source

COLUMNS = ("file", "label", "source", "method", "group", "split", "side", "native_side", "x0", "y0", "x1", "y1")
DROPPED = ("path", "label", "source", "method", "group", "split", "reason", "detail")
STRETCH = 64
"""Files between two marks in the journal: what a kill can cost each worker."""
MISSING = "missing in the clone"

Row = dict[str, Any]


@dataclass(frozen=True)
class Splits:
    """Which split a group is in.

    given: splits of another data set, which stay: groups it does not know are for training. None: by hash, 80:10:10.
    """

    given: dict[str, str] | None = None

    @classmethod
    def beside(cls, samples: Iterable[Sample]) -> "Splits":
        """Those of given samples; by hash when there are none."""
        return cls({sample.group: sample.split for sample in samples} or None)

    def of(self, group: str) -> str:
        """The split of one group."""
        return split_of(group) if self.given is None else self.given.get(group, "train")


def build(
    source: Source,
    repository: Repository,
    items: list[Item],
    out: Path,
    finders: "list[FaceFinder] | list[None]",
    model: str,
    splits: Splits,
    advance: Callable[[], None] = lambda: None,
) -> tuple[int, int]:
    """Build the pictures of a plan into the folder `out`, with a worker thread for each finder; go on where it stopped.

    finders: None in place of one keeps pictures whole; model: identity of the finder; advance: called for each
    finished file. Returns how many crops there are and how many pictures were dropped. Raises UsageError when the
    folder was built from something else.
    """
    cv2.setNumThreads(1)  # pictures are spread over the cores, not parts of one picture
    _claim(out, _identity(source, items, model))
    journal = out / "journal"
    for folder in (journal, out / "real", out / "fake"):
        folder.mkdir(parents=True, exist_ok=True)
    stretches = [items[start : start + STRETCH] for start in range(0, len(items), STRETCH)]
    files = [journal / f"{number:05}.json" for number in range(len(stretches))]
    idle: SimpleQueue[FaceFinder | None] = SimpleQueue()
    for finder in finders:
        idle.put(finder)

    def work(stretch: list[Item], file: Path) -> None:
        finder = idle.get()
        try:
            with repository.reader() as reader:
                rows = [row for item in stretch for row in _rows(source, item, reader, finder, out)]
        finally:
            idle.put(finder)
        write_whole(file, json.dumps(rows, indent=0).encode())

    pool = ThreadPoolExecutor(len(finders), thread_name_prefix="build")
    try:
        pending: dict[Future[None], int] = {}
        for stretch, file in zip(stretches, files, strict=True):
            if not _is_done(file, out):
                pending[pool.submit(work, stretch, file)] = len(stretch)
            else:
                _advance(advance, len(stretch))
        for done in as_completed(pending):
            done.result()
            _advance(advance, pending[done])
    finally:
        pool.shutdown(cancel_futures=True)
    rows = [
        {**row, "split": JUDGED if source.judged_only else splits.of(row["group"])}
        for file in files
        for row in json.loads(file.read_text())
    ]
    kept = [row for row in rows if "file" in row]
    dropped = [row for row in rows if "file" not in row]
    if source.same_sizes:
        too_many = unmatched(kept)
        dropped += [_unlisted(row) for row in kept if row["file"] in too_many]
        kept = [row for row in kept if row["file"] not in too_many]
    write_table(out / "labels.csv", COLUMNS, sorted(kept, key=lambda row: row["file"]))
    write_table(out / "dropped.csv", DROPPED, sorted(dropped, key=lambda row: row["path"]))
    return len(kept), len(dropped)


def _is_done(journal: Path, out: Path) -> bool:
    """Whether a stretch was built: its crops are there, and no picture of it was missing in the clone."""
    if not journal.exists():
        return False
    rows = json.loads(journal.read_text(encoding="utf-8"))
    return all((out / row["file"]).exists() if "file" in row else row["reason"] != MISSING for row in rows)


def _advance(advance: Callable[[], None], count: int) -> None:
    for _ in range(count):
        advance()


def _rows(source: Source, item: Item, reader: BlobReader, finder: FaceFinder | None, out: Path) -> list[Row]:
    """Make the crops of a file and write them; what labels.csv, or dropped.csv, says of each."""
    known: Row = {"label": item.label, "source": source.name, "method": item.method, "group": item.group}
    try:
        pictures = _pictures(item, reader)
    except RejectedError as error:
        return [_dropped(known, item.path, error)]
    rows = []
    for path, picture in zip(item.paths, pictures, strict=True):
        try:
            crop = cutting.cut(cutting.part_of(picture, item.part), finder, source.trim_bottom)
        except RejectedError as error:
            rows.append(_dropped(known, path, error))
        else:
            rows.append(_written(known, path, crop, out))
    return rows


def _pictures(item: Item, reader: BlobReader) -> list[Picture]:
    """What a file shows: a picture, or frames. Raises RejectedError."""
    if item.refusal:
        raise RejectedError(item.refusal)
    data = reader.read(item.blob)
    if data is None:
        raise RejectedError(MISSING)
    return cutting.read_frames(data, item.frames) if item.frames else [cutting.read_picture(data)]


def _dropped(known: Row, path: str, error: RejectedError) -> Row:
    return {**known, "path": path, "reason": error.reason, "detail": str(error)}


def _unlisted(row: Row) -> Row:
    detail = f"of {row['native_side']:g} pixels a side there are fewer pictures of the other label"
    return {**row, "path": row["file"], "reason": UNMATCHED, "detail": detail}


def _written(known: Row, path: str, crop: Crop, out: Path) -> Row:
    file = f"{known['label']}/{crop_name(path)}.jpg"
    write_whole(out / file, crop.jpeg)
    box = dict(zip(("x0", "y0", "x1", "y1"), crop.box or ("",) * 4, strict=True))
    return {**known, "file": file, "side": crop.side, "native_side": crop.native_side, **box}


def _identity(source: Source, items: list[Item], model: str) -> Row:
    """What the crops depend on; what is said of a source in words may change."""
    planned = hashlib.sha256(repr(items).encode("utf-8", "surrogatepass")).hexdigest()
    rules = {name: getattr(cutting, name) for name in ("SIDE", "SMALLEST", "DARKEST", "QUALITY")}
    return {
        "source": {"name": source.name, "commit": source.commit, "trim_bottom": source.trim_bottom},
        "plan": {"pictures": len(items), "sha256": planned},
        "finder": model,
        "rules": {**rules, "stretch": STRETCH, "opencv": cv2.__version__},
    }


def _claim(out: Path, identity: Row) -> None:
    """Mark a folder as built from `identity`. Raises UsageError when it is marked as something else."""
    mark, text = out / "build.json", json.dumps(identity, indent=1) + "\n"
    if not mark.exists():
        out.mkdir(parents=True, exist_ok=True)
        write_whole(mark, text.encode())
        return
    known = json.loads(mark.read_text(encoding="utf-8"))
    if other := [name for name, value in json.loads(text).items() if known.get(name) != value]:
        raise UsageError(
            f"{out} was built from another {' and '.join(other)} (see {mark}): "
            "remove the folder, or choose another --out"
        )


def write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Write a CSV file of these columns; what rows hold besides is left out."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))
