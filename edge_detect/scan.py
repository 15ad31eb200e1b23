"""Many pictures, all cores: one single-threaded interpreter per worker thread, results in the given order."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence

from edge_detect.detector import Detector, Inspection
from edge_detect.errors import ExitCode
from edge_detect.pool import in_order
from edge_detect.results import Result, Verdict
from edge_detect.sources.files import STDIN


def scan_files(
    paths: Iterable[str], detectors: Sequence[Detector], visitors: Sequence[Callable[[Inspection], None]] = ()
) -> Iterator[Result]:
    """Score pictures by path ("-" reads one from standard input) and yield their results in order.

    There are as many worker threads as detectors; in them, each visitor is shown each picture with its crops. Paths
    are consumed lazily.
    """

    def score(detector: Detector, named: tuple[str | bytes, str]) -> Result:
        source, path = named
        inspection = detector.inspect(source, name=path)
        for visit in visitors:
            visit(inspection)
        return inspection.result

    # Standard input is read here, in the main thread, where Ctrl-C reaches it.
    sources = ((sys.stdin.buffer.read() if path == STDIN else path, path) for path in paths)
    return in_order(sources, detectors, score)


class Tally:
    """Counts of verdicts, and the exit code they add up to."""

    def __init__(self) -> None:
        self.counts: dict[Verdict, int] = {}

    def add(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.verdict] = self.counts.get(result.verdict, 0) + 1

    @property
    def exit_code(self) -> ExitCode:
        """USAGE when anything was unreadable, else FLAGGED when anything was called fake, else OK."""
        if Verdict.UNREADABLE in self.counts:
            return ExitCode.USAGE
        return ExitCode.FLAGGED if Verdict.FAKE in self.counts else ExitCode.OK

    def __str__(self) -> str:
        total = sum(self.counts.values())
        parts = [f"{self.counts[verdict]} {verdict}" for verdict in Verdict if verdict in self.counts]
        return f"{total} picture{'' if total == 1 else 's'}: {', '.join(parts) or 'nothing scored'}"
