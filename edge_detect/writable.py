"""Places to write to, tried before the long work."""

import os
from pathlib import Path

_PROBE = ".edge-detect-probe"


def make_writable(folder: Path) -> None:
    """Make a folder where there is none, and try to write in it. Raises OSError when that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / _PROBE
    probe.touch()
    probe.unlink(missing_ok=True)  # another process may try the same


def is_stdout(path: Path) -> bool:
    """Whether a path is that of the file to which standard output goes."""
    try:
        return path.is_file() and os.path.samestat(path.stat(), os.fstat(1))
    except OSError:  # the file has gone, or standard output is closed
        return False


def write_whole(path: Path, data: bytes) -> None:
    """Write a file aside and rename it, so that it is there whole or not at all. Raises OSError."""
    aside = path.with_name(f".{path.name}.part")  # one name: whatever a kill leaves is overwritten by the next try
    try:
        aside.write_bytes(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
