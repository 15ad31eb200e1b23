"""A source: where pictures come from, what they show, and what to mind, in one small TOML file."""

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_detect.errors import UsageError
from edge_detect.manifest import LABELS
from training.recipe import read_toml

FOLDER = Path(__file__).parent
JUDGED = "unseen"
"""The split of sources that are judged by only."""
GROUPINGS = ("name", "stem", "folder", "pattern", "column", "entry")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Table:
    """A CSV file of the repository with a row per picture.

    file: its path; key: the column with the picture's file name (its suffix does not matter); least: columns of
    numbers, and the least value with which a picture is kept.
    """

    file: str
    key: str
    least: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Pictures:
    """Which files show what.

    paths: a pattern for whole paths (fnmatch; `*` spans folders too); label: "real" or "fake"; method: how they were
    made; where: columns of the table and the values they must have; group_by: what pictures of one origin share:
    "name" (of the file: each is its own group), "stem" (the same without suffix), "folder" (the parent's name),
    "pattern" (the first bracket of the regular expression `pattern`, found in the file name), "column" (the stem of
    the table's cell in `column`) or "entry" (all files of this entry are of one origin); only: file names without
    suffix, behind their folders' where names repeat, where an eye chose among those files; empty: all; frames: the
    files are videos, and so many frames of each are taken; 0: they are pictures; part: the files are collages, of which
    this rectangle shows it: left, top, right and bottom, as shares of width and height; empty: the whole picture does.
    """

    paths: str
    label: str
    method: str
    where: dict[str, str] = dataclasses.field(default_factory=dict)
    group_by: str = "name"
    pattern: str = ""
    column: str = ""
    only: tuple[str, ...] = ()
    frames: int = 0
    part: tuple[float, ...] = ()


@dataclass(frozen=True)
class Source:
    """One source.

    home: address of a public git repository; commit: its full hash; about, licence, use, traps: in words;
    finder: whether the face is searched and cut out, or the picture, a tight crop already, is kept whole;
    trim_bottom: share of the height that is cut off first (a watermark strip); at_most: pictures, 0 for all;
    judged_only: no picture is ever trained on: all are in the split "unseen", and models are judged by them;
    same_sizes: real and fake crops have other sizes here, so of each size no more of one than of the other are listed.
    """

    name: str
    home: str
    commit: str
    about: str
    licence: str
    use: str
    pictures: tuple[Pictures, ...]
    traps: tuple[str, ...] = ()
    finder: bool = True
    trim_bottom: float = 0.0
    at_most: int = 0
    judged_only: bool = False
    same_sizes: bool = False
    table: Table | None = None

    def to_dict(self) -> dict[str, Any]:
        """The source as JSON-ready values."""
        return dataclasses.asdict(self)


def names() -> list[str]:
    """Names of all sources described in this folder."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def read_source(source: str | Path) -> Source:
    """A source by name, or from a TOML file of your own.

    Raises UsageError when there is none, or it is not valid TOML, incomplete, or contradicts itself.
    """
    path = Path(source)
    if path.suffix != ".toml":
        path = FOLDER / f"{source}.toml"
    if not path.exists():
        raise UsageError(f"there is no source {source}: give one of {', '.join(names())}, or a .toml file")
    values = read_toml(path)
    try:
        return _checked(values)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path}: {error}") from error


def read_sources(wanted: list[str]) -> list[Source]:
    """Sources by name or TOML file; ["all"]: those of this folder. Raises UsageError, also when one is named twice."""
    sources = [read_source(name) for name in (names() if wanted == ["all"] else wanted)]
    if len({source.name for source in sources}) < len(sources):
        raise UsageError("a source is named twice")
    return sources


def _checked(values: dict[str, Any]) -> Source:
    """Build a source from a file's values; TypeError for unknown or missing keys, ValueError for senseless values."""
    values["pictures"] = tuple(
        Pictures(**{**entry, **{key: tuple(entry.get(key, ())) for key in ("only", "part")}})
        for entry in values.get("pictures", ())
    )
    values["traps"] = tuple(values.get("traps", ()))
    if "table" in values:
        values["table"] = Table(**values["table"])
    source = Source(**values)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", source.name):
        raise ValueError(f"the name {source.name!r} must be lower-case letters, digits and _")
    if not _COMMIT.fullmatch(source.commit):
        raise ValueError("commit must be a full hash: a branch or a short hash may mean something else tomorrow")
    if not source.pictures:
        raise ValueError("it names no [[pictures]]")
    if not 0 <= source.trim_bottom < 1:
        raise ValueError("trim_bottom is a share of the height, from 0 to below 1")
    for entry in source.pictures:
        _check_pictures(entry, source.table is not None)
    return source


def _check_pictures(entry: Pictures, has_table: bool) -> None:
    if entry.label not in LABELS:
        raise ValueError(f"label {entry.label!r} is neither 'real' nor 'fake'")
    if entry.group_by not in GROUPINGS:
        raise ValueError(f"group_by {entry.group_by!r} is not one of {', '.join(GROUPINGS)}")
    if entry.group_by == "pattern" and _brackets(entry.pattern) < 1:
        raise ValueError(f"the pattern {entry.pattern!r} needs a bracket around what pictures of one origin share")
    if entry.frames < 0:
        raise ValueError("frames is how many pictures to take of each video, or 0 when the files are pictures")
    if entry.part and not _is_rectangle(entry.part):
        raise ValueError("part is left, top, right and bottom, as shares of width and height, from 0 to 1")
    if (entry.where or entry.group_by == "column") and not has_table:
        raise ValueError("where, and group_by = 'column', need a [table]")


def _brackets(pattern: str) -> int:
    try:
        return re.compile(pattern).groups
    except re.error as error:
        raise ValueError(f"the pattern {pattern!r} is no regular expression: {error}") from error


def _is_rectangle(part: tuple[float, ...]) -> bool:
    if len(part) != 4:
        return False
    left, top, right, bottom = part
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1
