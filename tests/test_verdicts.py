"""What verdicts and thresholds are worth, on cases that are small enough to work out by hand."""

import numpy as np
import pytest
from described import samples

from edge_detect.card import Thresholds
from edge_detect.evaluation.rows import Split
from edge_detect.evaluation.verdicts import operating_points, verdict_shares


def test_verdicts_are_shared_out_by_class_and_source():
    split = Split(samples("real:a", "real:a", "real:b", "fake:a", "fake:a", "fake:a", "fake:a"))
    found = verdict_shares(split, np.array([0, 1, 2, 0, 0, 1, 2], np.int8))
    shares = {
        (name, label): [values["pictures"], *(values[key]["share"] for key in ("real", "uncertain", "fake"))]
        for name, classes in found.items()
        for label, values in classes.items()
    }
    third = pytest.approx(1 / 3, abs=1e-4)
    assert shares == {
        ("all", "real"): [3, third, third, third],
        ("all", "fake"): [4, 0.5, 0.25, 0.25],
        ("a", "real"): [2, 0.5, 0.5, 0],
        ("a", "fake"): [4, 0.5, 0.25, 0.25],
        ("b", "real"): [1, 0, 0, 1],
    }
    assert found["all"]["fake"]["real"]["interval"] is None  # of four groups


def test_each_threshold_of_the_card_has_its_false_alarms_and_hits():
    split = Split(samples(*["real:s"] * 10, *["fake:s"] * 10))
    scores = np.r_[np.arange(10) / 10, np.arange(10) / 10 + 0.05]
    found = operating_points(split, scores, Thresholds(false_alarms={"0.1": 0.9, "0.5": 0.5}))
    assert {rate: (v["threshold"], v["false_alarms"]["share"], v["hits"]["share"]) for rate, v in found.items()} == {
        "0.1": (0.9, 0.1, 0.1),
        "0.5": (0.5, 0.5, 0.5),
    }
    low, high = found["0.5"]["hits"]["interval"]
    assert low < 0.5 < high
    assert operating_points(split, scores, Thresholds()) == {}
    assert (
        "hits"
        not in operating_points(Split(samples(*["real:s"] * 3)), scores[:3], Thresholds(false_alarms={"1": 0}))["1"]
    )


def test_the_interval_of_a_share_of_many_pictures_holds_it():
    split = Split(samples(*(f"fake:s:{number % 1000}" for number in range(70_000))))
    found = verdict_shares(split, np.full(70_000, 2, np.int8))["all"]["fake"]["fake"]
    assert found == {"share": 1.0, "interval": [pytest.approx(0.9963, abs=1e-4), 1.0]}
