"""The whole way: load, convert, pass the gate, pack, write."""

import dataclasses
import json
import sys
from pathlib import Path

from convert import gate
from convert.conversion import to_flatbuffer, write_aside
from convert.recipes import RECIPES
from convert.representative import Representative, choose
from edge_detect.card import Card, pack
from edge_detect.errors import EdgeDetectError, UsageError
from edge_detect.manifest import read_manifests


class GateError(EdgeDetectError):
    """A converted model lost more than it may."""


def convert_model(
    source: Path, recipes: list[str], data: list[Path], out: Path, count: int, seed: int, max_drop: float
) -> list[Path]:
    """Convert `source` (`.keras`, its card beside it as `.json`) by each recipe into `out`; returns the files.

    count and seed choose the representative pictures from the split `train` of `data`; max_drop is the AUC on its
    split `val` that a conversion may lose against float32. Raises GateError, with the figures, when it loses more:
    then nothing is written. Raises UsageError when the model or its card cannot be read.
    """
    model, card = load(source)
    samples = read_manifests(data)
    representative = choose(samples, count, card.input_side, seed)
    pixels, labels = gate.validation_pictures(samples, card.input_side)

    _say("converting to float32")
    reference, names = to_flatbuffer(model, RECIPES["float32"], card.input_side, None)
    base = dataclasses.replace(card, outputs={name: i for i, name in enumerate(names)})
    reference_logits = gate.logits(reference, base, pixels)
    packed: dict[Path, bytes] = {}
    for name in recipes:
        recipe = RECIPES[name]
        flatbuffer, scores, outputs = reference, reference_logits, base.outputs
        if recipe.integer:
            _say(f"converting to {name}")
            flatbuffer, names = to_flatbuffer(model, recipe, card.input_side, representative)
            outputs = {output: i for i, output in enumerate(names)}
            scores = gate.logits(flatbuffer, dataclasses.replace(base, outputs=outputs), pixels)
        comparison = gate.compare(scores, reference_logits, labels)
        _say(f"{name}: {len(flatbuffer) / 1000:.0f} kB, {comparison}")
        if comparison.drop > max_drop:
            raise GateError(
                f"{name} loses too much and nothing was written: {comparison}. Try more representative pictures "
                "(--calibrate), or train longer; --max-drop moves the limit"
            )
        conversion = {"recipe": name, "gate": dataclasses.asdict(comparison)}
        if recipe.integer:
            conversion["representative"] = _describe(representative)
        packed[out / f"{card.name}-{name}.tflite"] = pack(
            flatbuffer,
            dataclasses.replace(base, precision=recipe.precision, outputs=outputs, conversion=conversion),
        )
    for path, content in packed.items():
        write_aside(path, content)
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
