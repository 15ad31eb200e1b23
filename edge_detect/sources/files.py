"""Pictures named on the command line: files, folders, patterns, lists, and standard input."""

import codecs
import glob
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge_detect.errors import UsageError

STDIN = "-"


def is_web_address(name: str) -> bool:
    """Whether a name that is no file is one of the web."""
    return name.lower().startswith(("http://", "https://"))


def expand(arguments: Iterable[str]) -> Iterator[str]:
    """The files that arguments stand for, in order: files as they are, folders walked, patterns expanded.

    Folders are walked recursively in sorted order; hidden entries (a leading dot) are left out, and a folder reached
    twice through symbolic links is walked once. What does not exist, an address of the web too, or cannot be
    listed is yielded all the same: its result says so. Raises UsageError for a pattern that matches nothing and for a
    folder without files.
    """
    for argument in arguments:
        # os.path, not pathlib: a name that cannot be looked at is no file, and no exception
        if argument == STDIN or os.path.isfile(argument):  # noqa: PTH113
            yield argument
        elif os.path.isdir(argument):  # noqa: PTH112
            yield from _not_empty(walk(argument), f"the folder {argument} holds no files")
        elif glob.has_magic(argument) and not is_web_address(argument):
            found = glob.iglob(argument, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
            matches = sorted(match for match in found if os.path.isfile(match))  # noqa: PTH113
            yield from _not_empty(matches, f"the pattern {argument} matches no files")
        else:
            yield argument


def read_list(source: str) -> list[str]:
    """Paths from a file, or from standard input for "-": one a line, or separated by NUL (as `find -print0` does).

    They are taken as they are: no patterns, and a line "-" is a file of that name.
    Raises UsageError when the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"--files-from {source}: {error.strerror}") from error
    data = data.removeprefix(codecs.BOM_UTF8)
    separator = b"\0" if b"\0" in data else b"\n"
    lines = [os.fsdecode(line.rstrip(b"\r")) for line in data.split(separator) if line.strip()]
    return ["./-" if line == STDIN else line for line in lines]


def walk(folder: str) -> Iterator[str]:
    """The files below a folder, as `expand` gives them; a folder that cannot be listed is given in their place."""
    visited: set[str] = set()
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if not os.path.isdir(path):  # noqa: PTH112
            yield path
            continue
        real = os.path.realpath(path)
        if real in visited:
            continue
        visited.add(real)
        try:
            names = sorted((name for name in os.listdir(path) if not name.startswith(".")), reverse=True)  # noqa: PTH208
        except OSError:
            yield path
            continue
        waiting += [os.path.join(path, name) for name in names]  # noqa: PTH118


def _not_empty(paths: Iterable[str], complaint: str) -> Iterator[str]:
    empty = True
    for path in paths:
        empty = False
        yield path
    if empty:
        raise UsageError(complaint)
