import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detect.evaluation import metrics

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.8, 0.25, 0.7, 0.8, 0.9])


def test_auc_counts_pairs_and_ties_half():
    # 16 pairs: 0.25 loses to two reals, 0.7 to one, 0.8 ties one
    assert metrics.auc(LABELS, SCORES) == pytest.approx((16 - 2 - 1 - 0.5) / 16)


def test_auc_of_one_class_is_not_a_number():
    assert np.isnan(metrics.auc([1, 1], [0.2, 0.3]))


def test_equal_error_rate_of_a_perfect_and_a_useless_score():
    assert metrics.equal_error_rate([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]) == pytest.approx(0)
    assert metrics.equal_error_rate([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]) == pytest.approx(0.5)


def test_hits_at_a_false_alarm_rate():
    assert metrics.hits_at_false_alarms(LABELS, SCORES, 0.01) == pytest.approx(0.25)
    assert metrics.hits_at_false_alarms(LABELS, SCORES, 0.25) == pytest.approx(0.75)


REALS = st.lists(st.floats(0, 1), min_size=1, max_size=60, unique=True)
RATES = st.integers(0, 99).map(lambda percent: percent / 100)


@given(REALS, RATES)
def test_a_threshold_keeps_its_promise_and_is_the_lowest_that_does(reals, rate):
    threshold = metrics.threshold_at_false_alarms(reals, rate)
    just_below = np.nextafter(threshold, -np.inf)
    assert np.mean(np.array(reals) >= threshold) <= rate + 1e-9
    assert np.mean(np.array(reals) >= just_below) > rate + 1e-9


def test_a_threshold_for_everything_is_zero():
    assert metrics.threshold_at_false_alarms([0.3, 0.9], 1.0) == 0.0
