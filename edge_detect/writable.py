"""Folders to write to, tried before the long work."""

from pathlib import Path

_PROBE = ".edge-detect-probe"


def make_writable(folder: Path) -> None:
    """Make a folder where there is none, and try to write in it. Raises OSError when that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / _PROBE
    probe.touch()
    probe.unlink(missing_ok=True)  # another process may try the same
