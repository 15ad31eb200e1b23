import numpy as np
import pytest

from edge_detect.matching import average_precision, match


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


FACE, OTHER, FAR = (0, 0, 10, 10), (20, 0, 30, 10), (100, 100, 110, 110)


def test_a_found_box_is_right_false_or_neither():
    outcome = match(boxes(FACE, OTHER, FAR, (5, 5, 14, 14)), boxes(FACE, OTHER), np.array([True, False]))
    assert outcome.right.tolist() == [True, False, False, False]
    assert outcome.false.tolist() == [False, False, True, False]
    assert outcome.hit.tolist() == [True]


def test_half_is_shared_enough():
    assert match(boxes((0, 0, 10, 5)), boxes(FACE), np.array([True])).hit.tolist() == [True]
    assert match(boxes((0, 0, 10, 4.9)), boxes(FACE), np.array([True])).hit.tolist() == [False]


def test_a_label_is_matched_once():
    outcome = match(boxes(FACE, FACE), boxes(FACE), np.array([True]))
    assert outcome.right.tolist() == [True, False]


def test_nothing_found_is_a_miss_and_nothing_labelled_is_no_miss():
    assert match(boxes(), boxes(FACE), np.array([True])).hit.tolist() == [False]
    assert match(boxes(FACE), boxes(), np.zeros(0, bool)).false.tolist() == [True]


def test_average_precision_of_a_perfect_a_half_and_a_useless_finder():
    certain = np.array([True])
    right, wrong = match(boxes(FACE), boxes(FACE), certain), match(boxes(FAR), boxes(FACE), certain)
    high, low = np.array([0.9], np.float32), np.array([0.2], np.float32)
    assert average_precision([right], [high]) == 1
    assert average_precision([right, wrong], [high, low]) == pytest.approx(0.5)
    assert average_precision([right, wrong], [low, high]) == pytest.approx(0.25)
    assert average_precision([wrong], [high]) == 0
    assert average_precision([], []) == 0


def test_the_order_of_scenes_does_not_matter_where_scores_are_the_same():
    certain, score = np.array([True]), np.array([0.5], np.float32)
    right, wrong = match(boxes(FACE), boxes(FACE), certain), match(boxes(FAR), boxes(FACE), certain)
    for order in ([right, wrong], [wrong, right]):
        assert average_precision(order, [score, score]) == pytest.approx(0.25)
