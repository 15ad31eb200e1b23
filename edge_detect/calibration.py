"""Thresholds for one's own camera: score photos known to be real, and give a copy of the model what they can buy."""

import dataclasses
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_detect.card import Thresholds, read_packed, write_packed
from edge_detect.detector import Detector
from edge_detect.errors import UsageError
from edge_detect.false_alarms import RATES, best_rate, choose_thresholds, needed, percent, rate_of_new
from edge_detect.models import is_among_shipped
from edge_detect.results import Result, Verdict
from edge_detect.scan import scan_files
from edge_detect.table import limit

LEAST = 50
"""Photos that must count, unless another number is asked for."""
_FEWER = 0.01
"""The false-alarm rate of the shipped models."""
_CHUNK = 1 << 20


@dataclass
class Photos:
    """What was made of photos: the scores (0–1) of those that count, and how many do not, and why."""

    scores: list[float] = field(default_factory=list)
    copies: int = 0
    no_face: int = 0
    too_small: int = 0
    unreadable: int = 0

    def add(self, result: Result) -> None:
        """Take in the result of one photo, which counts when its verdict follows from its score."""
        if result.verdict == Verdict.UNREADABLE:
            self.unreadable += 1
        elif result.score is None:
            self.no_face += 1
        elif all(face.reason for face in result.faces):
            self.too_small += 1
        else:
            self.scores.append(result.score)

    def flagged(self, threshold: float) -> int:
        """How many of those that count reach a threshold."""
        return sum(score >= threshold for score in self.scores)

    def __str__(self) -> str:
        reasons = {
            "copies": self.copies,
            "no face": self.no_face,
            "face too small": self.too_small,
            "unreadable": self.unreadable,
        }
        left_out = ", ".join(f"{reason} {count}" for reason, count in reasons.items() if count)
        return f"{len(self.scores)} count" + (f" (left out: {left_out})" if left_out else "")


@dataclass(frozen=True)
class Outcome:
    """What a calibration did: the copy it wrote, from which photos, for which false-alarm rate, and its thresholds."""

    out: Path
    photos: Photos
    rate: float
    before: Thresholds
    after: Thresholds

    @property
    def falls(self) -> bool:
        """Whether the new threshold is lower, so that more real pictures than before are called fake."""
        return self.after.fake < self.before.fake

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON-ready values; rates are shares (0–1)."""
        left_out = {key: value for key, value in dataclasses.asdict(self.photos).items() if key != "scores"}
        return {
            "model": str(self.out),
            "photos": {"count": len(self.photos.scores), **left_out},
            "before": {"fake": self.before.fake, "flagged": self.photos.flagged(self.before.fake)},
            "after": {"fake": self.after.fake, "flagged": self.photos.flagged(self.after.fake)},
            "threshold_falls": self.falls,
            "false_alarms": {"asked": self.rate, **dataclasses.asdict(rate_of_new(self.rate, self.after.reals))},
        }

    def __str__(self) -> str:
        flagged = [
            f"{self.photos.flagged(threshold)} (score from {limit(threshold)})"
            for threshold in (self.before.fake, self.after.fake)
        ]
        lower = max(_FEWER, best_rate(len(self.photos.scores)))
        fewer = f"; --fpr {lower:g} asks for fewer" if self.rate > lower else ""
        falls = f"the threshold falls: more real pictures will be called fake than before{fewer}"
        return "\n".join(
            (
                f"photos       {self.photos}",
                f"called fake  before {flagged[0]}, now {flagged[1]}",
                f"new photos   called fake, if they are like these: at most {rate_of_new(self.rate, self.after.reals)}",
                *([f"beware       {falls}"] if self.falls else []),
                f"written      {self.out}; scan with it as --model, and with the other options given here",
            )
        )


def check_out(out: Path) -> None:
    """Raise UsageError when a model must not be written to `out`, a shipped one or no model, or cannot be."""
    if is_among_shipped(out):
        raise UsageError(f"{out} is where the shipped models are, which stay as they were measured; write elsewhere")
    if out.is_dir():
        raise UsageError(f"{out} is a folder; name the file to write, such as {out / 'mine.tflite'}")
    if not out.parent.is_dir():
        raise UsageError(f"{out} cannot be written: there is no folder {out.parent}; make it first")
    if not os.access(out.parent, os.W_OK):
        raise UsageError(f"nothing can be written to {out.parent}; write elsewhere")
    if out.exists() and not (out.is_file() and _starts_as_model(out)):
        raise UsageError(f"{out} exists and is no model; write elsewhere")
    if out.suffix != ".tflite":
        raise UsageError(f"{out} would not be found as --model; name it {out.name}.tflite")


def _starts_as_model(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] == b"TFL3"


def score_photos(
    paths: Iterable[str], detectors: Sequence[Detector], advance: Callable[[], None] = lambda: None
) -> Photos:
    """Score photos as `scan` does, on as many threads as there are detectors; identical files count once.

    `advance` is called once for each path.
    """
    given = list(paths)
    kept = _without_copies(given)
    photos = Photos(copies=len(given) - len(kept))
    for _ in range(photos.copies):
        advance()
    for result in scan_files(kept, detectors):
        photos.add(result)
        advance()
    return photos


def calibrate(model: Path, out: Path, photos: Photos, rate: float, how: str, least: int = LEAST) -> Outcome:
    """Write a copy of a classifier whose thresholds buy a false-alarm rate (0–0.5) on photos like these.

    how: how the photos were scored, in words. The figures in its card, measured at other thresholds, are dropped.
    Raises UsageError, which says what is needed, when fewer than `least` photos count or too few for the rate, and when
    `out` cannot be written; ModelError when the model cannot be read.
    """
    flatbuffer, card = read_packed(model)
    thresholds = thresholds_for(photos, rate, how, least)
    try:
        write_packed(out.resolve(), flatbuffer, dataclasses.replace(card, thresholds=thresholds, metrics={}))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}") from error
    return Outcome(out, photos, rate, card.thresholds, thresholds)


def thresholds_for(photos: Photos, rate: float, how: str, least: int = LEAST) -> Thresholds:
    """The thresholds of such a copy. Raises UsageError as `calibrate` does."""
    count = len(photos.scores)
    if count < least:
        raise UsageError(f"{least} real photos or more are needed, with faces that can be judged. Of yours, {photos}")
    if count < needed(rate):
        raise UsageError(
            f"a false-alarm rate of {percent(rate)} needs {needed(rate)} photos. Of yours, {photos}, which buys "
            f"{percent(best_rate(count))} at best: add photos, or ask for --fpr {best_rate(count):g}"
        )
    rates = [each for each in RATES if needed(each) <= count]
    return choose_thresholds(photos.scores, rate, rates, f"{count} photos given to `edge-detect calibrate`, {how}")


def _without_copies(paths: Sequence[str]) -> list[str]:
    """The paths, less those whose bytes are another's before them; what cannot be read stays."""
    sizes = [_size(path) for path in paths]
    of_size = Counter(sizes)
    kept, seen = [], set()
    for path, size in zip(paths, sizes, strict=True):
        digest = _digest(path) if size is not None and of_size[size] > 1 else None
        if digest is None or digest not in seen:
            kept.append(path)
        seen.add(digest)
    return kept


def _size(path: str) -> int | None:
    """A file's size in bytes; None for what is no file, such as a pipe that would have to be waited for."""
    try:
        return Path(path).stat().st_size if Path(path).is_file() else None
    except (OSError, ValueError):
        return None


def _digest(path: str) -> bytes | None:
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.digest()
