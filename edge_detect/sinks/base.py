"""What all sinks share: a text stream they write to, and nothing else."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TextIO

from edge_detect.results import Result


class Sink(ABC):
    """Writes results to a text stream as they come; leaving the context completes the document."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @abstractmethod
    def write(self, result: Result) -> None:
        """Write one result and flush it, so that a reader at the other end of a pipe sees it at once."""

    def begin(self) -> None:  # noqa: B027 - most formats have no beginning
        """Write what comes before the first result."""

    def end(self) -> None:  # noqa: B027 - nor an end
        """Write what comes after the last result."""

    def __enter__(self) -> "Sink":
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        self.stream.flush()
