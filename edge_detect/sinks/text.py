"""One line per picture, for people."""

from edge_detect.results import Result
from edge_detect.sinks.base import Sink


class TextSink(Sink):
    """`verdict  score  path`, and the reason behind an unreadable picture."""

    def write(self, result: Result) -> None:
        """Write one line."""
        score = "  –  " if result.score is None else f"{result.score:.3f}"
        reason = f": {result.error}" if result.error else ""
        self.stream.write(f"{result.verdict.value:<10} {score}  {printable(result.path)}{reason}\n")
        self.stream.flush()


def printable(text: str) -> str:
    """Text that stays on its line: control characters and undecodable bytes of a file name are escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
