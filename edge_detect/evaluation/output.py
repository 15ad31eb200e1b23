"""Files that an evaluation writes: looked at before the pictures are, so that no long work ends in an error."""

import os
from collections.abc import Iterable
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.manifest import Sample
from edge_detect.sinks import check_output


def check_outputs(outputs: Iterable[Path], data: Iterable[Path], samples: Iterable[Sample]) -> None:
    """Raise UsageError when a file could not be written, would overwrite what is read, or is named twice.

    data: the folders that the samples are of.
    """
    inputs = [*(str(folder / "labels.csv") for folder in data), *(str(sample.path) for sample in samples)]
    named: set[Path] = set()
    for output in outputs:
        if output.is_dir() or not output.parent.is_dir():
            raise UsageError(f"{output} cannot be written: name a file in a folder that is there")
        if not os.access(output if output.exists() else output.parent, os.W_OK):
            raise UsageError(f"{output} cannot be written: you may not write there")
        if output.resolve() in named:
            raise UsageError(f"{output} is named for two results; name another file for one of them")
        named.add(output.resolve())
        check_output(str(output), inputs)


def write(output: Path, text: str) -> None:
    """Write a text file, as a whole or not at all. Raises UsageError when it cannot be written."""
    beside = output.with_name(f".{output.name}.part")
    try:
        if output.exists() and not output.is_file():  # a pipe or a terminal
            output.write_text(text + "\n", encoding="utf-8")
        else:
            beside.write_text(text + "\n", encoding="utf-8")
            beside.replace(output)
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
