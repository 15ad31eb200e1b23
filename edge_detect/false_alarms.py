"""False alarms: thresholds bought with the scores of real pictures, and what they promise for new ones."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge_detect.card import Thresholds
from edge_detect.errors import UsageError

RATES = (0.05, 0.01, 0.001)
"""Shares of real pictures called fake that a released card carries thresholds for."""
UNCERTAIN = 0.20
"""Share of real pictures called fake or uncertain."""
_LEVEL = 0.95
_HALVINGS = 60


@dataclass(frozen=True)
class FalseAlarmRate:
    """Shares (0–1) of new real pictures that a threshold flags: the mean, and the ends of the 95% interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.mean:.2g}% on average (95% interval {100 * self.low:.2g}–{100 * self.high:.2g}%)"


def percent(rate: float) -> str:
    """A share (0–1) for people."""
    return f"{100 * rate:.3g}%"


def allowed(rate: float, reals: int) -> int:
    """How many of `reals` real pictures a threshold for a false-alarm rate (0–0.5) may flag.

    Flagging k of n flags (k + 1) / (n + 1) of new pictures on average, not k / n: the largest k that keeps this within
    the rate is taken, and 0 where none does.
    """
    return max(math.floor(rate * (reals + 1) + 1e-9) - 1, 0)


def needed(rate: float) -> int:
    """The fewest real pictures that can buy a false-alarm rate: n of them buy 1 / (n + 1) at best."""
    return math.ceil(1 / rate - 1e-9) - 1


def best_rate(reals: int) -> float:
    """The lowest false-alarm rate that so many real pictures can buy, rounded up to four decimals."""
    return math.ceil(10_000 / (reals + 1)) / 10_000


def threshold(scores: Iterable[float], rate: float) -> float:
    """The lowest threshold that no more than `allowed` of these scores (0–1) of real pictures reach.

    Raises UsageError when there are no scores, or when no threshold can tell so few of them from the others.
    """
    ranked = sorted(scores, reverse=True)
    if not ranked:
        raise UsageError("a threshold needs the scores of real pictures, and there are none")
    highest_below = ranked[allowed(rate, len(ranked))]
    if highest_below >= 1:
        raise UsageError(f"more than {percent(rate)} of these real pictures score 1: no threshold is above them")
    return math.nextafter(highest_below, 1.0)


def choose_thresholds(scores: Sequence[float], rate: float, rates: Iterable[float], chosen_on: str) -> Thresholds:
    """Thresholds from the scores of real pictures: `fake` for a false-alarm rate, `real` for UNCERTAIN.

    rates: others that the card is to carry; chosen_on: the pictures, in words. Raises UsageError as `threshold` does.
    """
    fake = threshold(scores, rate)
    uncertain = f"{percent(UNCERTAIN)} at or above 'real'" if rate < UNCERTAIN else "and none uncertain"
    return Thresholds(
        real=min(threshold(scores, UNCERTAIN), fake),
        fake=fake,
        chosen_on=f"{percent(rate)} of real pictures at or above 'fake', {uncertain}; {chosen_on}",
        false_alarms={str(each): threshold(scores, each) for each in sorted({rate, *rates}, reverse=True)},
        reals=len(scores),
    )


def rate_of_new(rate: float, reals: int) -> FalseAlarmRate:
    """Which share of new real pictures a `threshold` for a rate flags, when it was chosen on `reals` of their kind.

    Just above the (k + 1)-th highest of n scores, the share is distributed as Beta(k + 1, n − k), whatever the scores
    are distributed as (an order statistic; Wilks, 1941). Its mean, (k + 1) / (n + 1), is what conformal p-values
    guarantee (Vovk, Gammerman and Shafer, 2005); its quantiles are found on the binomial tail (Clopper and Pearson,
    1934). Where scores tie, the share is at most this. All of it assumes that new pictures are like the old, and that
    each was taken for itself: ten photos of one face say less than ten faces.
    """
    k = allowed(rate, reals)
    tail = (1 - _LEVEL) / 2
    return FalseAlarmRate((k + 1) / (reals + 1), _quantile(tail, k, reals), _quantile(1 - tail, k, reals))


def exact_interval(hits: int, draws: int, coverage: float) -> tuple[float, float]:
    """The interval (Clopper and Pearson, 1934) of a share (0–1) of which `hits` of so many independent draws were."""
    if 2 * hits > draws:  # the tail is summed from below, and is shorter from the other end
        low, high = exact_interval(draws - hits, draws, coverage)
        return 1 - high, 1 - low
    tail = (1 - coverage) / 2
    return _quantile(tail, hits - 1, draws) if hits > 0 else 0.0, _quantile(1 - tail, hits, draws)


def _quantile(share: float, k: int, n: int) -> float:
    """Quantile of Beta(k + 1, n − k): where more than k of n draws succeed with the probability `share`."""
    log_ways = [math.lgamma(n + 1) - math.lgamma(i + 1) - math.lgamma(n - i + 1) for i in range(k + 1)]
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if 1 - _at_most(log_ways, n, middle) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(log_ways: Sequence[float], n: int, p: float) -> float:
    """Probability of at most k successes in n draws, each of probability p (0 < p < 1).

    log_ways: of how many kinds 0, 1, … k successes are.
    """
    hit, miss = math.log(p), math.log1p(-p)
    return math.fsum(math.exp(ways + i * hit + (n - i) * miss) for i, ways in enumerate(log_ways))
