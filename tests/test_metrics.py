import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detect.evaluation import metrics
from edge_detect.evaluation.roc import roc

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
SCORES = np.array([0.1, 0.2, 0.3, 0.8, 0.25, 0.7, 0.8, 0.9])


def test_auc_counts_pairs_and_ties_half():
    # 16 pairs: 0.25 loses to two reals, 0.7 to one, 0.8 ties one
    assert metrics.auc(LABELS, SCORES) == pytest.approx((16 - 2 - 1 - 0.5) / 16)


def test_a_score_that_is_no_number_is_no_success():
    """Sorted, such scores keep the order of the pictures, and fakes may come first."""
    with pytest.raises(ValueError, match="no number"):
        metrics.auc([1, 1, 0, 0], [math.nan] * 4)


def test_without_a_class_figures_are_not_numbers():
    for labels in ([0, 0], [1, 1]):
        figures = (metrics.auc, metrics.average_precision, metrics.equal_error_rate)
        assert np.isnan([figure(labels, [0.2, 0.3]) for figure in figures]).all()
        assert np.isnan(metrics.hits_at_false_alarms(labels, [0.2, 0.3], 0.01))


@st.composite
def weighted(draw):
    """Labels of both classes, scores with ties, and weights that leave some of each class."""
    count = draw(st.integers(2, 40))
    labels = [0, 1, *draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))]
    some = st.lists(st.integers(0, 12), min_size=count + 2, max_size=count + 2)
    weights = [1, 1, *draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))]
    return np.array(labels), np.array(draw(some)) / 12, np.array(weights)


@given(weighted())
def test_weighted_figures_are_those_of_scikit_learn(case):
    sklearn = pytest.importorskip("sklearn.metrics")
    labels, scores, weights = case
    assert metrics.auc(labels, scores, weights) == pytest.approx(
        sklearn.roc_auc_score(labels, scores, sample_weight=weights)
    )
    assert metrics.average_precision(labels, scores, weights) == pytest.approx(
        sklearn.average_precision_score(labels, scores, sample_weight=weights)
    )
    fpr, tpr, _ = sklearn.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    for rate in (0.005, 0.01, 0.1, 0.3):
        assert metrics.hits_at_false_alarms(labels, scores, rate, weights) == pytest.approx(
            tpr[fpr <= rate + 1e-12].max()
        )


@given(weighted())
def test_an_integer_weight_is_a_repetition(case):
    labels, scores, weights = case
    repeated = np.repeat(labels, weights), np.repeat(scores, weights)
    for figure in (metrics.auc, metrics.average_precision, metrics.equal_error_rate):
        assert figure(labels, scores, weights) == pytest.approx(figure(*repeated))


@given(weighted())
def test_many_weightings_at_once_are_each_for_itself(case):
    labels, scores, weights = case
    both = roc(labels, scores, np.stack([weights, np.ones_like(weights)]))
    for at, alone in enumerate((roc(labels, scores, weights), roc(labels, scores))):
        for name in ("auc", "average_precision", "equal_error_rate"):
            assert getattr(both, name)()[at] == pytest.approx(getattr(alone, name)())
        assert both.tpr_at(0.1)[at] == pytest.approx(alone.tpr_at(0.1))


def test_equal_error_rate_of_a_perfect_and_a_useless_score():
    assert metrics.equal_error_rate([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]) == pytest.approx(0)
    assert metrics.equal_error_rate([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]) == pytest.approx(0.5)


def test_hits_at_a_false_alarm_rate():
    assert metrics.hits_at_false_alarms(LABELS, SCORES, 0.01) == pytest.approx(0.25)
    assert metrics.hits_at_false_alarms(LABELS, SCORES, 0.25) == pytest.approx(0.75)
