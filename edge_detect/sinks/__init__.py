"""Ways out for results, by name: `open_sink` gives one that writes to stdout or to a file."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.header import HEAD, what_is
from edge_detect.sinks.base import Sink
from edge_detect.sinks.csv import CsvSink
from edge_detect.sinks.json import JsonlSink, JsonSink
from edge_detect.sinks.text import TextSink

SINKS: dict[str, type[Sink]] = {"text": TextSink, "json": JsonSink, "jsonl": JsonlSink, "csv": CsvSink}

__all__ = ["SINKS", "CsvSink", "JsonSink", "JsonlSink", "Sink", "TextSink", "open_sink"]


def check_output(output: "str | None", inputs: Iterable[str]) -> None:
    """Raise UsageError when writing to `output` would destroy one of the files to read, a picture, video or model."""
    if output is None or not os.path.isfile(output):  # noqa: PTH113
        return
    try:
        with Path(output).open("rb") as file:
            kind = what_is(file.read(HEAD))
    except OSError as error:
        raise UsageError(f"{output} is there and cannot be read ({error.strerror}); write elsewhere") from error
    if kind:
        raise UsageError(f"{output} is {kind}; results would overwrite it")
    if any(os.path.isfile(given) and os.path.samefile(given, output) for given in inputs):  # noqa: PTH113, PTH121
        raise UsageError(f"{output} is among the files to read; write the results elsewhere")


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
