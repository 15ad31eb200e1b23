"""Figures of merit by source, by method and by size of the picture, each with its interval."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import PictureError, UsageError
from edge_detect.evaluation.bootstrap import Bootstrap, interval, share_interval
from edge_detect.evaluation.roc import Figure, Roc, roc
from edge_detect.false_alarms import needed
from edge_detect.header import read_header
from edge_detect.manifest import FAKE, REAL, Sample

SIZES = {"under 128 px": (0, 128), "128 to 191 px": (128, 192), "192 px or more": (192, np.inf)}
"""Classes of pictures: the shorter side in pixels, from and below."""

LEAST_GROUPS = 5
"""Groups of pictures of a class that an interval is drawn from at least."""
_NAMED = 3
"""Pictures that an error names."""
_RATES = {"tpr_at_1pct_fpr": 0.01, "tpr_at_05pct_fpr": 0.005}
"""False-alarm rates, which few real pictures cannot tell from none."""


class Split:
    """The samples of a split as arrays (n,), and the draws of its groups."""

    def __init__(self, samples: Sequence[Sample], sides: NDArray[np.int64] | None = None) -> None:
        """`sides` (n,): of the pictures, the shorter one in pixels; None where sizes are not asked for."""
        self.samples = list(samples)
        self.labels = np.array([sample.label for sample in samples])
        self.sources = np.array([sample.source for sample in samples])
        self.methods = np.array([sample.method for sample in samples])
        self.reals, self.fakes = self.labels == REAL, self.labels == FAKE
        self.sides = sides
        self.bootstrap = Bootstrap([sample.group for sample in samples])

    def row(self, kind: str, name: str, *sources: str) -> "Row":
        """The row of some sources; where they have no reals, all reals of the split."""
        inside = np.isin(self.sources, sources)
        reals = inside & self.reals
        own = bool(reals.any())
        return Row(kind, name, reals if own else self.reals, inside & self.fakes, own)

    @property
    def both(self) -> bool:
        """Whether there are reals and fakes."""
        return bool(self.reals.any() and self.fakes.any())


@dataclass(frozen=True)
class Row:
    """A set of reals and fakes that is measured: kind is "all", "sources", "methods", "together" or "sizes".

    own_reals: whether there are reals of the row's own sources, so that it is not measured against those of all.
    """

    kind: str
    name: str
    reals: NDArray[np.bool_]
    fakes: NDArray[np.bool_]
    own_reals: bool


def rows(split: Split, together: Sequence[Sequence[str]] = ()) -> Iterator[Row]:
    """All rows of a split: everything, each source, each method of a source, sources taken together, and each size.

    Sources and methods without reals of their own are measured against all reals of the split; of `together`, rows
    without fakes are left out.
    """
    yield Row("all", "all", split.reals, split.fakes, bool(split.reals.any()))
    for source in sorted(set(split.sources.tolist())):
        row = split.row("sources", source, source)
        yield row
        for method in sorted(set(split.methods[row.fakes].tolist())):
            fakes = row.fakes & (split.methods == method)
            yield replace(row, kind="methods", name=f"{source}/{method}", fakes=fakes)
    for sources in together:
        row = split.row("together", "+".join(sources), *sources)
        if row.fakes.any():
            yield row
    if split.sides is not None:
        for name, (least, below) in SIZES.items():
            inside = (split.sides >= least) & (split.sides < below)
            if inside.any():
                reals = inside & split.reals
                yield Row("sizes", name, reals, inside & split.fakes, bool(reals.any()))


def check_names(split: Split, together: Sequence[Sequence[str]]) -> None:
    """Raise UsageError when two rows of a split would be called the same."""
    seen: dict[str, str] = {}
    for row in rows(split, together):
        if row.name in seen:
            kinds = " and ".join(sorted({row.kind, seen[row.name]}))
            raise UsageError(f"{row.name!r} would be the name of two rows, of {kinds}; give the source another name")
        seen[row.name] = row.kind


def picture_sides(samples: Sequence[Sample]) -> NDArray[np.int64]:
    """The shorter side of each picture in pixels, (n,).

    Raises PictureError, which names the first few, when some cannot be read.
    """
    sides, broken = [], []
    for sample in samples:
        try:
            header = read_header(sample.path.read_bytes())
            sides.append(min(header.width, header.height))
        except (OSError, PictureError) as error:
            broken.append(f"{sample.path}: {getattr(error, 'strerror', None) or error}")
    if broken:
        more = f"; and {len(broken) - _NAMED} more" if len(broken) > _NAMED else ""
        raise PictureError(f"{'; '.join(broken[:_NAMED])}{more}")
    return np.array(sides)


def row_figures(
    split: Split, row: Row, scores: NDArray[np.float64], flagged: NDArray[np.bool_]
) -> tuple[dict[str, Any], Figure]:
    """Figures of a row with their intervals, to four digits, and the AUC in each draw.

    What is measured on fewer than LEAST_GROUPS groups of a class has no interval, nor an AUC in any draw (nan): draws
    of so few say little of others. scores (n,): of the split's samples; flagged (n,): called fake. Left out is what
    needs a class that is missing, or more real pictures than there are.
    """
    either = row.reals | row.fakes
    labels, values, called = split.labels[either], scores[either], flagged[either]
    point = _measure(roc(labels, values), labels, called, np.ones(len(labels)))
    drawn = [_measure(roc(labels, values, w), labels, called, w) for w in split.bootstrap.weights(either)]
    draws = {name: np.concatenate([part[name] for part in drawn]) for name in point}
    groups = {"real_accuracy": split.bootstrap.groups(row.reals), "fake_accuracy": split.bootstrap.groups(row.fakes)}
    shares = groups | dict.fromkeys(_RATES, groups["fake_accuracy"])
    counts = {"real": int(row.reals.sum()), "fake": int(row.fakes.sum()), "own_reals": row.own_reals}
    missing = {name for name, rate in _RATES.items() if counts["real"] < needed(rate)}
    known = {
        name: round(float(value), 4) for name, value in point.items() if np.isfinite(value) and name not in missing
    }
    intervals = {
        name: share_interval(draws[name], value, shares[name]) if name in shares else interval(draws[name])
        for name, value in known.items()
        if groups.get(name, min(groups.values())) >= LEAST_GROUPS
    }
    return counts | known | {"intervals": dict.fromkeys(known) | intervals}, known_draws(split, row, draws["auc"])


def known_draws(split: Split, row: Row, draws: Figure) -> Figure:
    """An AUC in each draw, or nan in all where either class is of fewer than LEAST_GROUPS groups."""
    groups = min(split.bootstrap.groups(row.reals), split.bootstrap.groups(row.fakes))
    return draws if groups >= LEAST_GROUPS else np.full_like(draws, np.nan)


def split_figures(
    split: Split, scores: NDArray[np.float64], flagged: NDArray[np.bool_], together: Sequence[Sequence[str]] = ()
) -> tuple[dict[str, Any], dict[str, Figure]]:
    """Figures of all rows of a split by kind, as "all" → figures, others → name → figures; and AUC draws by name."""
    found: dict[str, Any] = {"sources": {}, "methods": {}, "together": {}, "sizes": {}}
    draws = {}
    for row in rows(split, together):
        figures, draws[row.name] = row_figures(split, row, scores, flagged)
        if row.kind == "all":
            found["all"] = figures
        else:
            found[row.kind][row.name] = figures
    return found, draws


def _measure(
    curve: Roc, labels: NDArray[np.int64], called: NDArray[np.bool_], weights: NDArray[Any]
) -> dict[str, Figure]:
    """All figures for weights (m,) or (b, m)."""
    weights = np.asarray(weights, np.float64)  # counts of draws are small integers, and sums of them are not
    reals, fakes = weights * (labels == REAL), weights * (labels == FAKE)
    with np.errstate(invalid="ignore"):
        right = (reals @ ~called / reals.sum(-1), fakes @ called / fakes.sum(-1))
    return {
        "auc": curve.auc(),
        "ap": curve.average_precision(),
        "eer": curve.equal_error_rate(),
        "tpr_at_1pct_fpr": curve.tpr_at(0.01),
        "tpr_at_05pct_fpr": curve.tpr_at(0.005),
        "real_accuracy": right[0],
        "fake_accuracy": right[1],
        "balanced_accuracy": (right[0] + right[1]) / 2,
    }
