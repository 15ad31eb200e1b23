"""Ways out for results, by name: `open_sink` gives one that writes to stdout or to a file."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_detect.errors import PictureError, UsageError
from edge_detect.header import HEAD, check_kind
from edge_detect.sinks.base import Sink
from edge_detect.sinks.csv import CsvSink
from edge_detect.sinks.json import JsonlSink, JsonSink
from edge_detect.sinks.text import TextSink

SINKS: dict[str, type[Sink]] = {"text": TextSink, "json": JsonSink, "jsonl": JsonlSink, "csv": CsvSink}

__all__ = ["SINKS", "CsvSink", "JsonSink", "JsonlSink", "Sink", "TextSink", "open_sink"]


def check_output(output: "str | None", pictures: Iterable[str]) -> None:
    """Raise UsageError when writing to `output` would destroy a picture, scanned or not."""
    if output is None or not os.path.isfile(output):  # noqa: PTH113
        return
    with Path(output).open("rb") as file:
        try:
            check_kind(file.read(HEAD))
            raise UsageError(f"{output} is a picture; results would overwrite it")
        except PictureError:
            pass
    if any(os.path.isfile(picture) and os.path.samefile(picture, output) for picture in pictures):  # noqa: PTH113, PTH121
        raise UsageError(f"{output} is among the files to scan; write the results elsewhere")


@contextmanager
def open_sink(kind: str, output: "str | None" = None) -> Iterator[Sink]:
    """A sink of a kind in SINKS on standard output (also for "-"), or on the file `output`.

    Raises UsageError when the file cannot be written.
    """
    if output is None or output == "-":
        with SINKS[kind](sys.stdout) as sink:
            yield sink
        return
    try:
        stream = Path(output).open("w", encoding="utf-8", newline="")  # noqa: SIM115 - closed below, errors apart
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
    with stream, SINKS[kind](stream) as sink:
        yield sink
