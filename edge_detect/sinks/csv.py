"""Results as a table (RFC 4180): one row per picture."""

import csv

from edge_detect.results import Result
from edge_detect.sinks.base import Sink

COLUMNS = ("path", "verdict", "score", "faces", "model", "model_version", "model_sha256", "error", "label")


class CsvSink(Sink):
    """A header, then one row per picture; `faces` counts the scored faces, `label` is that of a model with its own."""

    def begin(self) -> None:
        """Write the header."""
        self._writer = csv.writer(self.stream)
        self._writer.writerow(COLUMNS)
        self.stream.flush()

    def write(self, result: Result) -> None:
        """Write one row."""
        values = result.to_dict()
        model = values["model"]
        self._writer.writerow(
            (
                values["path"].encode("utf-8", "backslashreplace").decode(),
                values["verdict"],
                values["score"],
                len(values["faces"]),
                model["name"],
                model["version"],
                model["sha256"],
                values["error"],
                values.get("label"),
            )
        )
        self.stream.flush()
