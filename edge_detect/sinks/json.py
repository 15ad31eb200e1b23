"""Results as JSON: one object a line, or one document."""

import json

from edge_detect.results import Result
from edge_detect.sinks.base import Sink


class JsonlSink(Sink):
    """JSON Lines: one object per picture; the schema is `Result.to_dict`."""

    def write(self, result: Result) -> None:
        """Write one line."""
        self.stream.write(json.dumps(result.to_dict()) + "\n")
        self.stream.flush()


class JsonSink(Sink):
    """One JSON array of the objects that JSON Lines would hold."""

    _count = 0

    def begin(self) -> None:
        """Open the array."""
        self.stream.write("[")

    def write(self, result: Result) -> None:
        """Write one element."""
        self.stream.write(("," if self._count else "") + "\n  " + json.dumps(result.to_dict()))
        self.stream.flush()
        self._count += 1

    def end(self) -> None:
        """Close the array."""
        self.stream.write("\n]\n" if self._count else "]\n")
