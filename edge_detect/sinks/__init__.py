"""Ways out for results, by name: `open_sink` gives one that writes to stdout or to a file."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.sinks.base import Sink
from edge_detect.sinks.csv import CsvSink
from edge_detect.sinks.json import JsonlSink, JsonSink
from edge_detect.sinks.text import TextSink

SINKS: dict[str, type[Sink]] = {"text": TextSink, "json": JsonSink, "jsonl": JsonlSink, "csv": CsvSink}

__all__ = ["SINKS", "CsvSink", "JsonSink", "JsonlSink", "Sink", "TextSink", "open_sink"]


@contextmanager
def open_sink(kind: str, output: "str | None" = None) -> Iterator[Sink]:
    """A sink of a kind in SINKS on standard output, or on the file `output`.

    Raises UsageError when the file cannot be written.
    """
    if output is None:
        with SINKS[kind](sys.stdout) as sink:
            yield sink
        return
    try:
        stream = Path(output).open("w", encoding="utf-8", newline="")  # noqa: SIM115 - closed below, errors apart
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
    with stream, SINKS[kind](stream) as sink:
        yield sink
