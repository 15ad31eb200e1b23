"""The gate of a conversion: what it sees, and what the old runtime says."""

import json
import math

import numpy as np
import pytest

from convert import gate, graph, legacy
from convert.causes import causes
from convert.exam import EXAMS, Answers
from convert.gate import Check, Limits
from convert.recipes import RECIPES
from convert.representative import Representative


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
    found = graph.Graph({"CONV_2D": 3}, 1.0, fixed=True, forbidden=(), floats=("look", "see"))
    checks = {
        kept: {c.name: c.passed for c in gate.graph_checks(found, RECIPES["int8"], Limits(), kept)} for kept in (1, 2)
    }
    assert [checks[kept]["float convolutions"] for kept in (1, 2)] == [False, True]


def answering(path, text):
    """A Python whose probe answers that."""
    path.write_text(f"#!/bin/sh\necho '{text}'\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("answer", "same"), [(0.0, True), (0.2, True), (3.0, False)])
def test_an_output_that_is_zero_throughout_is_compared_as_it_is(answer, same, tmp_path):
    runtime = answering(tmp_path / "python", json.dumps([[answer, 2.0]]))
    inputs, expected = np.zeros((1, 1, 8, 8, 3), np.uint8), [np.zeros((1, 1)), np.full((1, 1), 2.0)]
    assert legacy.outcome(b"", inputs, expected, runtime)[0] is same


@pytest.mark.parametrize("text", ["hello\n[[1.0]]", "", "[[1.0], [1.0]]", "{}", "[[1.0, 2.0]]"])
def test_answers_of_the_old_runtime_that_cannot_be_read_are_not_called_checked(text, tmp_path):
    runtime = answering(tmp_path / "python", text)
    passed, found = legacy.outcome(b"", np.zeros((1, 1, 8, 8, 3), np.uint8), [np.ones((1, 1))], runtime)
    assert passed is None
    assert "gives answers that cannot be read" in found


def failing(recipe: str) -> list[Check]:
    """Every check that a conversion may fail, failed."""
    right, wrong = (Answers(float(call), np.full(2, call), np.full(2, call), np.full(2, call)) for call in (1, 0))
    found = graph.Graph({}, 0.0, fixed=False, forbidden=("FlexErf",), floats=("look",) * 9)
    comparisons = [gate.compare(wrong, right, exam.measure, 2) for exam in EXAMS.values()]
    compared = [check for comparison in comparisons for check in comparison.checks(RECIPES[recipe], Limits())]
    pictures = Representative(np.zeros((2, 8, 8, 3), np.uint8), 1, {"real": 2, "fake": 0})
    calibrated = gate.representative_checks(pictures) if RECIPES[recipe].calibrated else ()
    run = [Check(name, "", "", False) for name in (gate.FINITE, gate.OLD_RUNTIME)]
    exact = [Check(gate.SAME_OUTPUTS, "", "", False)] if RECIPES[recipe].exact else []
    checks = [*compared, *gate.graph_checks(found, RECIPES[recipe], Limits()), *calibrated, *run, *exact]
    return [check for check in checks if check.passed is False]


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_check_that_fails_is_told_a_cause(recipe):
    for check in failing(recipe):
        assert len(causes([check], RECIPES[recipe])) == 1, check.name
    assert causes([], RECIPES[recipe]) == []


def lost(*names: str, recipe: str) -> list[str]:
    """What is told where these checks failed and all others did not."""
    checks = [Check(check.name, check.found, "", check.name not in names) for check in failing(recipe)]
    return causes(checks, RECIPES[recipe])


def test_calibration_is_blamed_where_a_check_of_it_failed():
    (blamed,) = lost("AUC drop", gate.LABELS, recipe="int8")
    assert blamed.startswith("bad calibration: a label is without pictures (2 real, 0 fake), so the scales")
    (innocent,) = lost("AUC drop", recipe="int8")
    assert innocent.startswith("quantization costs too much")
    assert len(lost("AUC drop", gate.BLANK, "operators on XNNPACK", recipe="int8")) == 2


def test_only_options_that_change_something_in_a_recipe_are_advised():
    advice = {recipe: lost("max score error", recipe=recipe)[0] for recipe in RECIPES}
    assert {recipe for recipe in advice if "--calibrate" in advice[recipe]} == {"int8", "int8-io", "int16x8"}
    assert {recipe for recipe in advice if "--keep-float" in advice[recipe]} == {"int8", "int8-io"}
    assert all(recipe not in advice[recipe] for recipe in advice if recipe != "float32")
    assert len(lost("AUC drop", gate.SAME_LOGITS, gate.SAME_OUTPUTS, recipe="float32")) == 1
