import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from edge_detect.errors import UsageError
from edge_detect.false_alarms import allowed, best_rate, choose_thresholds, needed, rate_of_new, threshold

HUNDREDTHS = [number / 100 for number in range(99)]
"""Scores of 99 pictures: one of them may be flagged for 2%, none for 1%."""


@pytest.mark.parametrize(
    ("rate", "reals", "count"), [(0.05, 19, 0), (0.05, 38, 0), (0.05, 39, 1), (0.01, 711, 6), (0.001, 711, 0)]
)
def test_as_many_may_be_flagged_as_keep_the_mean_of_new_pictures_within_the_rate(rate, reals, count):
    assert allowed(rate, reals) == count


@given(st.integers(1, 10**5), st.floats(1e-4, 0.5))
def test_the_mean_for_new_pictures_is_within_the_rate_wherever_it_can_be_bought(reals, rate):
    if reals >= needed(rate):
        assert rate_of_mean(rate, reals) <= rate + 1e-9 < rate_of_mean(rate, reals) + 1 / (reals + 1) + 2e-9


def rate_of_mean(rate: float, reals: int) -> float:
    return (allowed(rate, reals) + 1) / (reals + 1)


@pytest.mark.parametrize(("rate", "count"), [(0.5, 1), (0.05, 19), (0.03, 33), (0.01, 99), (0.001, 999)])
def test_a_rate_needs_one_picture_less_than_its_inverse(rate, count):
    assert needed(rate) == count


@given(st.integers(1, 10**5))
def test_the_best_rate_that_is_offered_can_be_bought(reals):
    assert needed(best_rate(reals)) <= reals


def test_a_threshold_lies_just_above_the_first_picture_that_must_not_be_flagged():
    assert threshold(HUNDREDTHS, 0.01) == math.nextafter(0.98, 1)
    assert threshold(HUNDREDTHS, 0.02) == math.nextafter(0.97, 1)
    assert threshold([0.1, 0.8, 0.8, 0.8], 0.4) == math.nextafter(0.8, 1)


@pytest.mark.parametrize(("scores", "reason"), [([], "there are none"), ([0.2, 1.0], "score 1")])
def test_a_threshold_that_cannot_be_is_refused(scores, reason):
    with pytest.raises(UsageError, match=reason):
        threshold(scores, 0.05)


def test_chosen_thresholds_are_in_order_and_carry_their_rates():
    chosen = choose_thresholds(HUNDREDTHS, 0.02, (0.05, 0.01), "99 pictures")
    assert list(chosen.false_alarms) == ["0.05", "0.02", "0.01"]
    assert chosen.fake == chosen.false_alarms["0.02"] == chosen.at(0.02).fake
    assert chosen.real == math.nextafter(0.79, 1)
    assert chosen.reals == 99
    assert chosen.chosen_on == "2% of real pictures at or above 'fake', 20% at or above 'real'; 99 pictures"
    often = choose_thresholds(HUNDREDTHS, 0.4, (), "99 pictures")
    assert often.real == often.fake == threshold(HUNDREDTHS, 0.4)
    assert often.chosen_on == "40% of real pictures at or above 'fake', and none uncertain; 99 pictures"


@pytest.mark.parametrize("reals", [1, 50, 711, 20_000])
@pytest.mark.parametrize("rate", [0.2, 0.05, 0.01, 0.001])
def test_the_interval_is_that_of_the_beta_distribution(rate, reals):
    k = allowed(rate, reals)
    found = rate_of_new(rate, reals)
    expected = beta(k + 1, reals - k)
    assert found.mean == pytest.approx(expected.mean())
    assert (found.low, found.high) == pytest.approx(expected.ppf([0.025, 0.975]), rel=1e-6)


def test_new_pictures_are_flagged_as_often_as_is_promised():
    rng = np.random.default_rng(3)
    rates = np.array([1 - threshold(rng.random(200), 0.05) for _ in range(3000)])  # of uniform scores, known exactly
    promised = rate_of_new(0.05, 200)
    assert rates.mean() == pytest.approx(promised.mean, rel=0.02)
    assert np.mean((rates >= promised.low) & (rates <= promised.high)) == pytest.approx(0.95, abs=0.015)
