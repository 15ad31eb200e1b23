"""One line per picture, for people."""

from edge_detect.results import TOO_SMALL, Result
from edge_detect.sinks.base import Sink


class TextSink(Sink):
    """`verdict  score  path`, or of a labeller `label  score  path`.

    Says why a picture is unreadable or has only faces that are too small.
    """

    def write(self, result: Result) -> None:
        """Write one line."""
        best = result.score if result.label is None else result.scores[result.label]
        score = "  –  " if best is None else f"{best:.3f}"
        reason = f": {result.error}" if result.error else ""
        if result.faces and all(face.reason == TOO_SMALL for face in result.faces):
            largest = int(max(face.box.size for face in result.faces))
            reason = f": the largest face has {largest} pixels, too few to judge"
        self.stream.write(
            f"{printable(result.label or str(result.verdict)):<10} {score}  {printable(result.path)}{reason}\n"
        )
        self.stream.flush()


def printable(text: str) -> str:
    """Text that stays on its line: control characters and undecodable bytes of a file name are escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
