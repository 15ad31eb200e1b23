import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_detect.evaluation import metrics
from edge_detect.evaluation.roc import roc

LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])
FIGURES = ("auc", "average_precision", "equal_error_rate")
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
        curve = roc(labels, [0.2, 0.3])
        assert np.isnan([getattr(curve, name)() for name in FIGURES]).all()
        assert np.isnan(curve.tpr_at(0.01))


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
    curve = roc(labels, scores, weights)
    assert curve.auc() == pytest.approx(sklearn.roc_auc_score(labels, scores, sample_weight=weights))
    assert curve.average_precision() == pytest.approx(
        sklearn.average_precision_score(labels, scores, sample_weight=weights)
    )
    fpr, tpr, _ = sklearn.roc_curve(labels, scores, sample_weight=weights, drop_intermediate=False)
    for rate in (0.005, 0.01, 0.1, 0.3):
        assert curve.tpr_at(rate) == pytest.approx(tpr[fpr <= rate + 1e-12].max())


@given(weighted())
def test_an_integer_weight_is_a_repetition(case):
    labels, scores, weights = case
    weighted, repeated = roc(labels, scores, weights), roc(np.repeat(labels, weights), np.repeat(scores, weights))
    for name in FIGURES:
        assert getattr(weighted, name)() == pytest.approx(getattr(repeated, name)())


@given(weighted())
def test_many_weightings_at_once_are_each_for_itself(case):
    labels, scores, weights = case
    both = roc(labels, scores, np.stack([weights, np.ones_like(weights)]))
    for at, alone in enumerate((roc(labels, scores, weights), roc(labels, scores))):
        for name in FIGURES:
            assert getattr(both, name)()[at] == pytest.approx(getattr(alone, name)())
        assert both.tpr_at(0.1)[at] == pytest.approx(alone.tpr_at(0.1))


def test_equal_error_rate_of_a_perfect_and_a_useless_score():
    assert roc([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).equal_error_rate() == pytest.approx(0)
    assert roc([0, 1, 0, 1], [0.5, 0.5, 0.5, 0.5]).equal_error_rate() == pytest.approx(0.5)


def test_hits_at_a_false_alarm_rate():
    assert roc(LABELS, SCORES).tpr_at(0.01) == pytest.approx(0.25)
    assert roc(LABELS, SCORES).tpr_at(0.25) == pytest.approx(0.75)
