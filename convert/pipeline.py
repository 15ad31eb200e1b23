"""The whole way: load, convert, pass the gate, pack, write."""

import dataclasses
import json
import sys
from pathlib import Path

from convert import gate
from convert.conversion import to_flatbuffer
from convert.exam import EXAMS, KerasNetwork
from convert.recipes import RECIPES
from convert.representative import Representative
from edge_detect.card import Card, write_packed
from edge_detect.errors import EdgeDetectError, UsageError
from edge_detect.network import Network


class GateError(EdgeDetectError):
    """A converted model lost more than it may."""


def convert_model(
    source: Path, recipes: list[str], data: list[Path], out: Path, count: int, seed: int, max_drop: float
) -> list[Path]:
    """Convert `source` (`.keras`, its card beside it as `.json`) by each recipe into `out`; returns the files.

    count and seed choose the representative pictures from the split `train` of `data`; max_drop is the score on its
    split `val` that a conversion may lose against the Keras model. Raises GateError, with the figures, when it loses
    more: then nothing is written. Raises UsageError when the model or its card cannot be read.
    """
    model, card = load(source)
    exam = EXAMS[card.kind](card, data)
    representative = exam.representative(count, seed)
    expected = exam.sit(KerasNetwork(model, card))

    packed: dict[Path, tuple[bytes, Card]] = {}
    for name in recipes:
        recipe = RECIPES[name]
        _say(f"converting to {name}")
        flatbuffer, names = to_flatbuffer(model, recipe, card.input_side, representative)
        converted = dataclasses.replace(
            card, precision=recipe.precision, outputs={output: i for i, output in enumerate(names)}
        )
        answers = exam.sit(Network(flatbuffer, converted))
        comparison = gate.compare(answers, expected, exam.measure, exam.pictures)
        _say(f"{name}: {len(flatbuffer) / 1000:.0f} kB, {comparison}")
        if not comparison.passes(max_drop, exact=not recipe.integer):
            raise GateError(
                f"{name} loses too much and nothing was written: {comparison}. Try more representative pictures "
                "(--calibrate), or train longer; --max-drop moves the limit of the score"
            )
        conversion: dict[str, object] = {"recipe": name, "gate": dataclasses.asdict(comparison)}
        if recipe.integer:
            conversion["representative"] = _describe(representative)
        packed[out / f"{card.name}-{name}.tflite"] = (
            flatbuffer,
            dataclasses.replace(converted, conversion=conversion),
        )
    for path, (flatbuffer, converted) in packed.items():
        write_packed(path, flatbuffer, converted)
        _say(f"wrote {path}")
    return list(packed)


def load(source: Path) -> tuple[object, Card]:
    """A Keras model and its card, `NAME.json` beside `NAME.keras`. Raises UsageError when one cannot be read."""
    import keras

    beside = source.with_suffix(".json")
    for path in (source, beside):
        if not path.is_file():
            raise UsageError(f"there is no {path}; `python -m training fit` writes best.keras with best.json beside it")
    try:
        model = keras.models.load_model(source, compile=False)
    except (ValueError, OSError) as error:
        raise UsageError(f"{source} cannot be read by Keras: {error}") from error
    return model, Card.from_dict(json.loads(beside.read_text(encoding="utf-8")))


def _describe(representative: Representative) -> dict[str, object]:
    return {
        "pictures": len(representative.pixels),
        "seed": representative.seed,
        "sha256": representative.sha256,
    }


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
