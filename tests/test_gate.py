"""The gate of a conversion: what it sees, and what the old runtime says."""

import json
import math

import numpy as np
import pytest

from convert import gate, graph, legacy
from convert.exam import Answers
from convert.gate import Limits
from convert.recipes import RECIPES


def test_the_gate_sees_lost_weights_lost_accuracy_and_flips():
    raw = np.array([-2.0, -1.0, 1.0, 2.0])
    scores, calls = 1 / (1 + np.exp(-raw)), np.array([0, 0, 1, 1])
    trained = Answers(1.0, raw, scores, calls)

    def failed(recipe: str, answers: Answers, **limits) -> set[str]:
        comparison = gate.compare(answers, trained, "AUC", 4)
        checks = comparison.checks(RECIPES[recipe], Limits(**limits))
        return {check.name for check in checks if check.passed is False}

    assert failed("float32", trained) == set()
    assert failed("float32", Answers(1.0, raw + 0.01, scores, calls)) == {gate.SAME_LOGITS}
    assert failed("int8", Answers(1.0, raw + 0.01, scores, calls)) == set()
    assert failed("int8", Answers(0.75, raw, scores, calls)) == {"AUC drop"}
    assert failed("int8", Answers(0.75, raw, scores, calls), drop=0.3) == set()
    assert failed("int8", Answers(1.0, raw, scores, 1 - calls)) == {"verdict flips"}
    assert failed("int8", Answers(1.0, raw, scores + 0.3, calls)) == {"mean score error", "max score error"}


@pytest.mark.parametrize(("logit", "last", "same"), [(1.1, 2.0, True), (-1, 2.0, False), (1.1, math.nan, False)])
def test_one_wrong_output_of_the_old_runtime_is_seen_among_many_right_ones(logit, last, same, tmp_path):
    runtime = tmp_path / "python"
    runtime.write_text(f"#!/bin/sh\necho '{json.dumps([[logit] + [2.0] * 195 + [last]])}'\n")
    runtime.chmod(0o755)
    inputs, expected = np.zeros((1, 1, 8, 8, 3), np.uint8), [np.ones((1, 1)), np.full((1, 196), 2.0)]
    assert legacy.outcome(b"", inputs, expected, runtime)[0] is same


def test_more_convolutions_in_float_than_were_kept_fail_the_gate():
    found = graph.Graph({"CONV_2D": 3}, 1.0, fixed=True, forbidden=(), floats=2)
    checks = {
        kept: {c.name: c.passed for c in gate.graph_checks(found, RECIPES["int8"], Limits(), ("look",) * kept)}
        for kept in (1, 2)
    }
    assert [checks[kept]["float convolutions"] for kept in (1, 2)] == [False, True]
