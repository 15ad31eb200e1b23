"""The file an evaluation writes: looked at before the pictures are, so that no long work ends in an error."""

import os
from collections.abc import Iterable
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.manifest import Sample
from edge_detect.sinks import check_output
from edge_detect.sources.files import STDIN
from edge_detect.writable import is_stdout, write_whole


def check_report(output: Path | None, data: Iterable[Path], samples: Iterable[Sample]) -> None:
    """Raise UsageError when a report is asked for that could not be written, or would overwrite what is read.

    data: the folders that the samples are of. What is no file, such as a pipe, is written to as it is; a file is
    replaced, which takes a folder that can be written to.
    """
    if output is None:
        return
    if str(output) == STDIN:
        raise UsageError(f"a report is a file, and not standard output: name one instead of {output}")
    parent = output.resolve().parent
    if output.is_dir() or not (_is_special(output) or parent.is_dir()):
        raise UsageError(f"{output} cannot be written: name a file in a folder that is there")
    if not os.access(output if _is_special(output) else parent, os.W_OK):
        raise UsageError(f"{output} cannot be written: you may not write there")
    if is_stdout(output):
        raise UsageError(f"{output} is what standard output goes to; name another file")
    inputs = [*(str(folder / "labels.csv") for folder in data), *(str(sample.path) for sample in samples)]
    check_output(str(output), inputs)


def write(output: Path, text: str) -> None:
    """Write a text file, or the one that a link leads to, as a whole or not at all.

    Raises UsageError when it cannot be written.
    """
    data = f"{text}\n".encode(errors="backslashreplace")  # of names that are no UTF-8
    try:
        if _is_special(output):
            output.write_bytes(data)
        else:
            write_whole(output.resolve(), data)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error


def _is_special(output: Path) -> bool:
    """Whether it is a pipe, a terminal or another device."""
    return output.exists() and not output.is_file()
