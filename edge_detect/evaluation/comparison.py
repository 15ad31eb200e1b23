"""What quantization costs: an int8 model against the float32 model of the same name, row by row."""

from collections.abc import Sequence
from typing import Any

from edge_detect.card import Card
from edge_detect.evaluation.bootstrap import interval
from edge_detect.evaluation.roc import Figure

FLOATS = ("float32", "float16")
"""Precisions of models that compute in float32; the first that there is serves as the reference."""


def twins(names: Sequence[str], cards: Sequence[Card]) -> list[tuple[str, str]]:
    """Pairs of an int8 model and the model of its name and version that computes in float32, where there is one.

    That is one of float32 weights, or, where there is none, of float16 weights.
    """
    known = dict(zip(((card.name, card.version, card.precision) for card in cards), names, strict=True))
    pairs = []
    for name, card in zip(names, cards, strict=True):
        references = ((card.name, card.version, precision) for precision in FLOATS)
        found = next((known[reference] for reference in references if reference in known), None)
        if card.precision == "int8" and found:
            pairs.append((name, found))
    return pairs


def differences(
    one: dict[str, Any], two: dict[str, Any], draws: dict[str, Figure], others: dict[str, Figure]
) -> dict[str, Any]:
    """AUC of the first model less that of the second, by name of the row, with the interval of the paired draws."""
    first, second = flat(one), flat(two)
    return {
        name: {
            "auc": round(figures["auc"] - second[name]["auc"], 4),
            "interval": interval(draws[name] - others[name]),
        }
        for name, figures in first.items()
        if "auc" in figures
    }


def flat(rows: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows of one model and split by name, "all" first."""
    return {"all": rows["all"], **rows["sources"], **rows["together"], **rows["methods"], **rows["sizes"]}
