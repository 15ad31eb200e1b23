"""Pictures named on the command line: files, folders, patterns, lists, and standard input."""

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge_detect.errors import UsageError

STDIN = "-"


def expand(arguments: Iterable[str]) -> Iterator[str]:
    """The files that arguments stand for, in order: files as they are, folders walked, patterns expanded.

    Folders are walked recursively in sorted order; hidden entries (a leading dot) are left out, and a folder reached
    twice through symbolic links is walked once. A path that does not exist is yielded all the same: its result says
    so. Raises UsageError for a pattern that matches nothing and for a folder without files.
    """
    for argument in arguments:
        if argument == STDIN or Path(argument).is_file():
            yield argument
        elif Path(argument).is_dir():
            yield from _not_empty(_walk(argument, set()), f"the folder {argument} holds no files")
        elif glob.has_magic(argument):
            found = glob.iglob(argument, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
            matches = sorted(match for match in found if Path(match).is_file())
            yield from _not_empty(matches, f"the pattern {argument} matches no files")
        else:
            yield argument


def read_list(source: str) -> list[str]:
    """Paths from a file, or from standard input for "-": one a line, or separated by NUL (as `find -print0` does).

    Raises UsageError when the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"--files-from {source}: {error.strerror}") from error
    separator = b"\0" if b"\0" in data else b"\n"
    return [os.fsdecode(line.rstrip(b"\r")) for line in data.split(separator) if line.strip()]


def _walk(folder: str, visited: set[str]) -> Iterator[str]:
    real = os.path.realpath(folder)
    if real in visited:
        return
    visited.add(real)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be read: {error.strerror}") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _walk(entry.path, visited)
        else:
            yield entry.path


def _not_empty(paths: Iterable[str], complaint: str) -> Iterator[str]:
    empty = True
    for path in paths:
        empty = False
        yield path
    if empty:
        raise UsageError(complaint)
