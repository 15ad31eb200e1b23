"""Many pictures, all cores: one single-threaded interpreter per worker thread, results in the given order."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from edge_detect.card import Card
from edge_detect.detector import Inspection
from edge_detect.errors import ExitCode
from edge_detect.pool import in_order
from edge_detect.reading import Source, read_pipe
from edge_detect.results import ModelId, Result, Verdict
from edge_detect.sources.files import STDIN


class Inspector(Protocol):
    """What pictures are shown to: a `Detector` or a `Labeller`."""

    card: Card
    model: ModelId

    def inspect(self, source: Source, name: str | None = None) -> Inspection:
        """What was made of one picture."""


def scan_files(
    paths: Iterable[str], detectors: Sequence[Inspector], visitors: Sequence[Callable[[Inspection], None]] = ()
) -> Iterator[Result]:
    """Score pictures by path ("-" reads one from standard input) and yield their results in order.

    There are as many worker threads as detectors; in them, each visitor is shown each picture with its crops. Paths
    are consumed lazily.
    """

    def score(detector: Inspector, named: tuple[str | bytes, str]) -> Result:
        source, path = named
        inspection = detector.inspect(source, name=path)
        for visit in visitors:
            visit(inspection)
        return inspection.result

    # Standard input is read here, in the main thread, where Ctrl-C reaches it.
    sources = ((read_pipe(sys.stdin.buffer) if path == STDIN else path, path) for path in paths)
    return in_order(sources, detectors, score)


_CODES: dict[Verdict | None, ExitCode] = {Verdict.UNREADABLE: ExitCode.USAGE, Verdict.FAKE: ExitCode.FLAGGED}


class Tally:
    """Counts of verdicts or labels, and the exit code they add up to."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._codes = {ExitCode.OK}

    def add(self, result: Result) -> None:
        """Count one result."""
        said = result.label or str(result.verdict)
        self.counts[said] = self.counts.get(said, 0) + 1
        self._codes.add(_CODES.get(result.verdict, ExitCode.OK))

    @property
    def exit_code(self) -> ExitCode:
        """USAGE when anything was unreadable, else FLAGGED when anything was called fake, else OK."""
        return max(self._codes)

    def __str__(self) -> str:
        total = sum(self.counts.values())
        order = [*map(str, Verdict), *sorted(self.counts)]
        parts = [f"{self.counts[said]} {said}" for said in dict.fromkeys(order) if said in self.counts]
        return f"{total} picture{'' if total == 1 else 's'}: {', '.join(parts) or 'nothing scored'}"
