"""What a source's repository holds, file by file: label, method, group, before any picture is looked at."""

import csv
import hashlib
import io
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from edge_detect.errors import UsageError
from training.sources.repository import Repository
from training.sources.source import Pictures, Source

TOO_SMALL = "too small"


@dataclass(frozen=True)
class Item:
    """A file of the plan: its path and blob in the repository, and what is known of it.

    path: of a part of a collage with that part behind it, as in a.png[0,0,0.5,1]; frames: how many to take of a video,
    0: it is a picture; refusal: why it is dropped without a look, else ""; part: as in `Pictures`.
    """

    path: str
    blob: str
    label: str
    method: str
    group: str
    frames: int = 0
    refusal: str = ""
    part: tuple[float, ...] = field(default=(), repr=False)  # the path says it; folders are marked with what is shown

    @property
    def paths(self) -> list[str]:
        """What its pictures are called: the path, for a frame of a video with its number behind it."""
        return [f"{self.path}#{number}" for number in range(self.frames)] or [self.path]


def plan(source: Source, repository: Repository, limit: int = 0) -> list[Item]:
    """All files of a source, in an order that is random with respect to names and keeps groups together.

    limit: take only so many from the front (0: as many as the source allows). Raises UsageError when a pattern of
    the source matches nothing, or its table lacks what the source asks of it.
    """
    files = repository.files()
    rows = _rows(source, repository, files)
    items = []
    for entry in source.pictures:
        matching = [path for path in files if fnmatchcase(path, entry.paths)]
        if not matching:
            raise UsageError(f"source {source.name}: no file of {source.home} matches {entry.paths!r}")
        if entry.only:
            matching = _chosen(source, entry, matching)
        items += [item for path in matching if (item := _item(source, entry, path, files[path], rows))]
    if len({item.path for item in items}) < len(items):
        raise UsageError(f"source {source.name}: two of its [[pictures]] claim the same file, or part of one")
    items.sort(key=lambda item: (hashlib.sha256(item.group.encode()).digest(), item.path))
    most = min(filter(None, (limit, source.at_most)), default=len(items))
    return items[:most]


def crop_name(path: str) -> str:
    """The name of a picture's crop: 12 hex digits that depend on what the picture is called only."""
    return _digits(path, 12)


def group_name(source: str, value: str) -> str:
    """The group of pictures that share `value`, as in the shared data: 10 hex digits behind the source's name."""
    return f"{source}-{_digits(f'{source}:{value}', 10)}"


def _digits(text: str, count: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:count]


def _chosen(source: Source, entry: Pictures, paths: list[str]) -> list[str]:
    """Those of some paths that the entry names. Raises UsageError when a name is none of theirs."""
    names = {path: _endings(path) & set(entry.only) for path in paths}
    if unknown := sorted(set(entry.only).difference(*names.values())):
        raise UsageError(f"source {source.name}: no file that matches {entry.paths!r} is named {unknown[0]!r}")
    return [path for path in paths if names[path]]


def _endings(path: str) -> set[str]:
    """A path without its suffix, and the same without its first folders: a/b/c.png is c, b/c and a/b/c."""
    parts = PurePosixPath(path).with_suffix("").parts
    return {"/".join(parts[start:]) for start in range(len(parts))}


def _rows(source: Source, repository: Repository, files: dict[str, str]) -> dict[str, dict[str, str]]:
    """The rows of the source's table by stem of their key."""
    table = source.table
    if table is None:
        return {}
    if table.file not in files:
        raise UsageError(f"source {source.name}: {source.home} has no file {table.file!r}")
    text = repository.read(files[table.file]).decode("utf-8-sig")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = {table.key, *table.least, *(name for entry in source.pictures for name in (*entry.where, entry.column))}
    if lacking := sorted(columns - {""} - set(reader.fieldnames or ())):
        raise UsageError(f"source {source.name}: {table.file} lacks the columns {', '.join(lacking)}")
    return {PurePosixPath(row[table.key]).stem: row for row in reader}


def _item(source: Source, entry: Pictures, path: str, blob: str, rows: dict[str, dict[str, str]]) -> Item | None:
    """The plan for one file; None when it is none of the entry's."""
    row = rows.get(PurePosixPath(path).stem, {})
    if any(row.get(column) != value for column, value in entry.where.items()):
        return None
    least = source.table.least if source.table else {}
    small = any(_number(source, column, row.get(column)) < value for column, value in least.items())
    group = group_name(source.name, _shared(source, entry, path, row))
    called = f"{path}[{','.join(f'{share:g}' for share in entry.part)}]" if entry.part else path
    return Item(called, blob, entry.label, entry.method, group, entry.frames, TOO_SMALL if small else "", entry.part)


def _number(source: Source, column: str, cell: str | None) -> float:
    """The number in a cell of the source's table; nothing is 0."""
    try:
        return float(cell or 0)
    except ValueError as error:
        raise UsageError(f"source {source.name}: {cell!r} in the column {column!r} is no number") from error


def _shared(source: Source, entry: Pictures, path: str, row: dict[str, str]) -> str:
    """What a picture has in common with others of its origin."""
    file = PurePosixPath(path)
    if entry.group_by == "entry":
        return " ".join((entry.paths, *entry.only))
    if entry.group_by == "pattern":
        found = re.search(entry.pattern, file.name)
        if found is None:
            raise UsageError(f"source {source.name}: the pattern {entry.pattern!r} is not in the name of {path}")
        return found.group(1)
    if entry.group_by == "column":
        cell = row.get(entry.column)
        if cell is None:
            raise UsageError(f"source {source.name}: the table has no row, or no {entry.column!r} in it, for {path}")
        return PurePosixPath(cell).stem
    return {"name": file.name, "stem": file.stem, "folder": file.parent.name}[entry.group_by]
