"""A card as text for people."""

import shlex
from pathlib import Path
from typing import Any

from edge_detect.card import Card, Thresholds
from edge_detect.false_alarms import allowed, rate_of_new
from edge_detect.sinks.text import printable
from edge_detect.table import limit

_LISTED = 8
"""So many entries of a list are shown."""


def describe(card: Card, path: Path) -> str:
    """The card as text for people, its provenance in short; control characters in somebody else's card are escaped."""
    lines = [
        f"{card.name} {card.version} ({card.precision})",
        card.description,
        "",
        f"file         {path} ({path.stat().st_size / 1000:.0f} kB)",
        f"sha256       {card.sha256}",
        f"input        {card.input_side} x {card.input_side} uint8 RGB; {card.crop}",
        *describe_meaning(card),
        f"licence      {card.licence or 'not stated'}",
    ]
    for title, values in (("metrics", card.metrics), ("conversion", card.conversion), ("training", card.training)):
        lines += ["", title] if values else []
        lines += [f"  {key}: {_short(value)}" for key, value in values.items()]
    lines += ["", f"all of it: edge-detect info {shlex.quote(str(path))} --json"]
    return "\n".join(printable(line) for line in lines)


def describe_meaning(card: Card) -> list[str]:
    """What the output means, as lines for people."""
    chosen_on = f"             ({card.thresholds.chosen_on or 'not chosen'})"
    if card.kind == "finder":
        return [
            f"output       {card.output}: how surely a face is centred in each cell of a grid; and its size and offset",
            f"thresholds   a face from {card.thresholds.face:.3f}, with tiles from {card.thresholds.face_tiles:.3f}",
            chosen_on,
        ]
    if card.kind == "labeller":
        return [f"output       {card.output}, one for each of {', '.join(card.labels)}; scan with --whole-image"]
    return [
        f"output       {card.output}, calibrated to the probability of {card.labels[1]!r}"
        + (", the mean over a crop and its mirror image" if card.mirrored else ""),
        f"             ({card.calibration.fitted_on or 'not calibrated'})",
        f"thresholds   real below {card.thresholds.real:.3f}, fake from {limit(card.thresholds.fake)}",
        chosen_on,
        *_false_alarms(card.thresholds),
    ]


def _false_alarms(thresholds: Thresholds) -> list[str]:
    """The thresholds by false-alarm rate, and what each promises for new real pictures."""
    if not thresholds.false_alarms:
        return []
    rows = [
        f"  --fpr {rate:<6} fake from {limit(fake)}: at most {rate_of_new(float(rate), thresholds.reals)}"
        + (", above all of these" if not allowed(float(rate), thresholds.reals) else "")
        for rate, fake in thresholds.false_alarms.items()
    ]
    return [f"false alarms among new real pictures, if they are like the {thresholds.reals} of the choice:", *rows]


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={_inner(inner)}" for key, inner in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        left = len(value) - _LISTED
        return ", ".join(map(_inner, value[:_LISTED])) + (f" and {left} more" if left > 0 else "")
    return str(value)


def _inner(value: Any) -> str:
    return "…" if isinstance(value, dict) else _short(value)
