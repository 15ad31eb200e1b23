"""The gate: a converted model ships only if it answers as well as the Keras model does, and runs where it must."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convert.exam import Answers
from convert.graph import Graph
from convert.recipes import Recipe
from convert.representative import Representative
from edge_detect.table import aligned

FLOAT_ERROR = 1e-3
"""Largest difference of a logit that float32 arithmetic may make; more means that weights were lost on the way."""
SAME_LOGITS, SAME_OUTPUTS = "same logits as Keras", "every output as in Keras"
"""Names of the checks for that, on all pictures and on a few."""
LABELS, BLANK, REPEATED = "calibrated on", "calibration pictures of one colour", "calibration pictures repeated"
"""Names of the checks of the representative dataset."""
FINITE, OLD_RUNTIME = "outputs on black, white, noise", "runs on tflite-runtime 2.14"
"""Names of the checks that run a model on few pictures."""


@dataclass(frozen=True)
class Limits:
    """What a conversion may lose.

    drop: of the figure of merit; mean_error and max_error: of a score, all 0–1; flips: share of pictures whose verdict
    or label changes; xnnpack: least share of operators that XNNPACK runs, where the recipe is made for it.
    """

    drop: float = 0.01
    mean_error: float = 0.03
    max_error: float = 0.25
    flips: float = 0.05
    xnnpack: float = 0.7


@dataclass(frozen=True)
class Check:
    """One line of the gate's table. passed: None where it was not checked, and the found text says why."""

    name: str
    found: str
    limit: str
    passed: bool | None


@dataclass(frozen=True)
class Comparison:
    """How a converted model differs from the Keras model on the same pictures.

    measure: the figure of merit's name ("AUC", "top-1" of a labeller, "AP" of a finder); score and keras_score: its
    values on the validation pictures; mean_error and max_error: difference of the scores (0–1); raw_error: largest
    difference of the outputs themselves; flips: share of changed verdicts, None where there are none.
    """

    pictures: int
    measure: str
    score: float
    keras_score: float
    mean_error: float
    max_error: float
    raw_error: float
    flips: float | None

    @property
    def drop(self) -> float:
        """Score lost by the conversion; negative when it gained."""
        return self.keras_score - self.score

    def __str__(self) -> str:
        flips = "" if self.flips is None else f", {self.flips:.1%} of the verdicts flip"
        return (
            f"{self.measure} {self.score:.4f} against {self.keras_score:.4f} in Keras (drop {self.drop:+.4f}), "
            f"score error mean {self.mean_error:.4f}, max {self.max_error:.3f}{flips}, on {self.pictures} pictures"
        )

    def checks(self, recipe: Recipe, limits: Limits) -> Iterator[Check]:
        """Whether the model answers as the Keras model does."""
        found = f"{self.score:.4f} of {self.keras_score:.4f}"
        yield _at_most(f"{self.measure} drop", self.drop, limits.drop, f"{self.drop:+.4f} ({found})", "--max-drop")
        yield _at_most(
            "mean score error", self.mean_error, limits.mean_error, f"{self.mean_error:.4f}", "--max-mean-error"
        )
        yield _at_most("max score error", self.max_error, limits.max_error, f"{self.max_error:.3f}", "--max-error")
        if self.flips is not None:
            yield _at_most("verdict flips", self.flips, limits.flips, f"{self.flips:.1%}", "--max-flips")
        if recipe.exact:
            passed = self.raw_error <= FLOAT_ERROR
            yield Check(SAME_LOGITS, f"{self.raw_error:.1e}", f"{FLOAT_ERROR:g}", passed)


def compare(answers: Answers, reference: Answers, measure: str, pictures: int) -> Comparison:
    """Compare a converted model's answers with those of the Keras model."""
    error = np.abs(answers.scores - reference.scores)
    flips = float((answers.calls != reference.calls).mean()) if len(reference.calls) else None
    raw = float(np.abs(answers.raw - reference.raw).max())
    return Comparison(
        pictures, measure, answers.score, reference.score, float(error.mean()), float(error.max()), raw, flips
    )


def graph_checks(graph: Graph, recipe: Recipe, limits: Limits, kept: int = 0) -> Iterator[Check]:
    """Whether the model is what the recipe says, and runs on a small device.

    kept: how many of its convolutions are of layers that were to stay in float32.
    """
    yield Check("batch", "one, fixed" if graph.fixed else "open", "one, fixed", graph.fixed)
    yield Check("forbidden operators", ", ".join(graph.forbidden) or "none", "none", not graph.forbidden)
    if recipe.activations == "int8":
        found = len(graph.floats)
        yield Check("float convolutions", str(found), f"to {kept}", found <= kept)
    passed = not recipe.delegated or graph.delegated >= limits.xnnpack
    limit = f"from {limits.xnnpack:.0%} (--min-xnnpack)" if recipe.delegated else ""
    yield Check("operators on XNNPACK", f"{graph.delegated:.0%}", limit, passed)


def representative_checks(representative: Representative) -> Iterator[Check]:
    """Whether the pictures that set the scales can have set right ones."""
    n = len(representative.pixels)
    if representative.counts:
        found = ", ".join(f"{count} {label}" for label, count in representative.counts.items())
        yield Check(LABELS, found, "every label", not representative.missing)
    yield Check(BLANK, f"{representative.blank} of {n}", "half", 2 * representative.blank < n)
    yield Check(REPEATED, f"{representative.repeated} of {n}", "half", 2 * representative.repeated < n)


def table(checks: Sequence[Check]) -> str:
    """The checks for the terminal."""
    words = {True: "ok", False: "FAILS", None: "not checked"}
    rows = [(check.name, check.found, check.limit, words[check.passed]) for check in checks]
    return aligned(("check", "found", "limit", ""), rows)


def _at_most(name: str, value: float, limit: float, found: str, flag: str) -> Check:
    return Check(name, found, f"to {limit:g} ({flag})", bool(value <= limit))
