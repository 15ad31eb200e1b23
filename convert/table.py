"""`python -m convert.table`: what each recipe made of a model, from the files themselves, as a table in a document."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from convert.recipes import RECIPES
from edge_detect.bench import bench, inference
from edge_detect.card import Card, read_packed
from edge_detect.cli.process import finish
from edge_detect.document import check_markers, replace_between
from edge_detect.errors import UsageError
from edge_detect.network import Network
from edge_detect.table import table

MARKER = "recipes"
_HEADING = ("model", "recipe", "kB", "of float32", "ms a crop", "score", "drop", "mean error", "max error", "XNNPACK")
_ROUNDS = 60


def write_table(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL…", help="Converted .tflite files.")],
    into: Annotated[Path, typer.Option(metavar="FILE", help="A document with the markers <!-- recipes -->.")],
) -> None:
    """Write size, latency here on one thread, and what the gate measured, into a document."""
    check_markers(into, MARKER)
    replace_between(into, MARKER, recipes_table(models))


def recipes_table(models: Sequence[Path]) -> str:
    """A row for each model file; times are taken in turns.

    Raises UsageError when a file is named twice or was not made by `convert`.
    """
    if len({path.resolve() for path in models}) < len(models):
        raise UsageError("a model is named twice: name each file once")
    cards = {path: read_packed(path)[1] for path in models}
    for path, card in cards.items():
        if "gate" not in card.conversion:
            raise UsageError(f"{path} says nothing of its conversion; convert it again")
    order = list(RECIPES)
    ranked = sorted(models, key=lambda path: (*_model(cards[path]), order.index(cards[path].conversion["recipe"])))
    times = bench({str(path): inference(Network.load(path)) for path in ranked}, _ROUNDS)
    full = {_model(card): path.stat().st_size for path, card in cards.items() if card.precision == "float32"}
    rows = [_row(path, cards[path], time.p50, full) for path, time in zip(ranked, times, strict=True)]
    return table(_HEADING, rows)


def _model(card: Card) -> tuple[str, str]:
    """What the files of one model share."""
    return card.name, card.version


def _row(path: Path, card: Card, milliseconds: float, full: dict[tuple[str, str], int]) -> tuple[str, ...]:
    gate, size = card.conversion["gate"], path.stat().st_size
    return (
        card.name,
        card.conversion["recipe"],
        f"{size / 1000:.0f}",
        f"{size / full[_model(card)]:.0%}" if _model(card) in full else "",
        f"{milliseconds:.2f}",
        f"{gate['measure']} {gate['score']:.4f}",
        f"{gate['keras_score'] - gate['score']:+.4f}",
        f"{gate['mean_error']:.4f}",
        f"{gate['max_error']:.3f}",
        gate["xnnpack"],
    )


if __name__ == "__main__":
    finish(lambda: typer.run(write_table), "convert.table")
