"""The whole way: load, convert, pass the gate, pack, write."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from convert import gate, graph, layers, legacy, tfjs
from convert.causes import causes
from convert.conversion import layer_name, to_flatbuffer
from convert.destination import check_replaced, place
from convert.exam import EXAMS, Answers, Exam, KerasNetwork
from convert.gate import Check, Limits
from convert.recipes import RECIPES, TFJS
from convert.representative import Representative
from convert.source import Said, card_path, check, load
from edge_detect.card import Card, write_packed
from edge_detect.errors import EdgeDetectError, ExitCode, UsageError
from edge_detect.manifest import LABELS, labels_in
from edge_detect.network import Network, Runnable, quantize
from edge_detect.progress import say
from edge_detect.writable import make_writable

_LEAST_ABOVE_CHANCE = 0.02
_IN_NODE = 5
"""Validation pictures that TensorFlow.js is asked about: its interpreter in plain JavaScript takes seconds for each."""


class GateError(EdgeDetectError):
    """A converted model lost more than it may, or cannot run where it must."""

    exit_code: ClassVar[ExitCode] = ExitCode.FLAGGED


@dataclass(frozen=True)
class Plan:
    """What is asked of a conversion.

    data: labelled pictures, or scenes for a finder; count, seed: of the representative pictures, from the split
    `train`; keep_float: layers that are not quantized; explain: print which layer loses most; legacy: the Python that
    has tflite-runtime, None to leave it out.
    """

    recipes: tuple[str, ...]
    data: tuple[Path, ...]
    count: int = 300
    seed: int = 1
    limits: Limits = field(default_factory=Limits)
    said: Said = field(default_factory=Said)
    keep_float: tuple[str, ...] = ()
    explain: bool = False
    legacy: Path | None = legacy.PYTHON


@dataclass(frozen=True)
class _Material:
    """What all recipes share. calibrated: those of the files to be replaced that were."""

    model: Any
    card: Card
    exam: Exam
    expected: Answers
    representative: Representative | None
    calibrated: frozenset[Path]


def convert_model(source: Path, plan: Plan, out: Path) -> list[Path]:
    """Convert `source` by each recipe into `NAME-RECIPE.tflite` in `out`, or the folder `NAME-tfjs`; returns the paths.

    Raises GateError, after the table of what was checked, when a model does not pass: then nothing is written. Raises
    UsageError when the model, its card or the data cannot be used, or `out` cannot be written or holds another model
    under that name.
    """
    check(source)
    source = Path(os.path.abspath(source))  # noqa: PTH100 - so that "." and ".." have a name, and links keep theirs
    _check_out(out)
    if not any(RECIPES[name].activations == "int8" for name in plan.recipes if name != TFJS):
        for option, given in (("--keep-float", plan.keep_float), ("--explain", plan.explain)):
            if given:
                raise UsageError(f"{option} is for models that compute in int8: add --to int8, or leave it out")
    if TFJS in plan.recipes:
        tfjs.require()
    material = _gather(source, plan, out)
    packed = [_convert(name, material, plan) for name in plan.recipes if name != TFJS]
    graph_model = _graph_model(material) if TFJS in plan.recipes else None
    paths = []
    if graph_model:
        paths.append(place(out, material.card.name, TFJS))
        tfjs.write(paths[0], graph_model)
        say(f"wrote {paths[0]}")
    for flatbuffer, card, name in packed:
        path = place(out, card.name, name)
        write_packed(path, flatbuffer, card)
        say(f"wrote {path} ({path.stat().st_size / 1000:.0f} kB)")
        if path in material.calibrated:
            say(f"note: replaced {path}, which was calibrated: calibrate it again")
        paths.append(path)
    return paths


def _check_out(out: Path) -> None:
    """Find out before the long work whether its results can be written."""
    try:
        make_writable(out)
    except OSError as error:
        raise UsageError(f"nothing can be written to {out}: {error.strerror}; choose another --out") from error


def _gather(source: Path, plan: Plan, out: Path) -> _Material:
    labels: tuple[str, ...] = LABELS
    if plan.said.labels is None and not card_path(source).is_file():
        labels = tuple(labels_in(plan.data))
        say(f"labels, in the order of the model's outputs: {', '.join(labels)} (--labels says otherwise)")
    model, card = load(source, plan.said, labels)
    calibrated = frozenset(
        path for name in plan.recipes if check_replaced(path := place(out, card.name, name), card) and name != TFJS
    )
    exam = EXAMS[card.kind](card, list(plan.data))
    representative = None
    if any(RECIPES[name].calibrated for name in plan.recipes if name != TFJS):
        representative = exam.representative(plan.count, plan.seed)
        for complaint in representative.complaints():
            say(f"warning: the representative dataset: {complaint}")
    say(f"asking the Keras model about {len(exam.pixels)} pictures")
    expected = exam.sit(KerasNetwork(model, card))
    if expected.score < exam.chance + _LEAST_ABOVE_CHANCE:
        say(
            f"warning: the Keras model itself scores {exam.measure} {expected.score:.3f} here, no better than guesses: "
            "are --labels in the order of its outputs, and is --normalise what it was trained with?"
        )
    return _Material(model, card, exam, expected, representative, calibrated)


def _convert(name: str, material: _Material, plan: Plan) -> tuple[bytes, Card, str]:
    """One recipe's model and its card, through the gate."""
    recipe, card, exam = RECIPES[name], material.card, material.exam
    say(f"{name}: converting")
    pixels = material.representative.pixels if material.representative else np.empty((0, 0, 0, 3), np.uint8)
    flatbuffer, names = to_flatbuffer(material.model, recipe, card.input_side, pixels, plan.keep_float)
    converted = dataclasses.replace(card, precision=name, outputs={output: i for i, output in enumerate(names)})
    network = Network(flatbuffer, converted)
    comparison = gate.compare(exam.sit(network), material.expected, exam.measure, len(exam.pixels))
    calibrated = material.representative if recipe.calibrated else None
    kept = plan.keep_float if recipe.activations == "int8" else ()
    found = graph.inspect(flatbuffer)
    asked = sum(layer_name(tensor, material.model) in kept for tensor in found.floats)
    checks = [
        *comparison.checks(recipe, plan.limits),
        *gate.graph_checks(found, recipe, plan.limits, asked),
        *(gate.representative_checks(calibrated) if calibrated else ()),
        *_running(flatbuffer, network, material, plan),
    ]
    failed = any(check.passed is False for check in checks)
    say(gate.table(checks))
    if (plan.explain or failed) and recipe.activations == "int8":
        say(layers.table(layers.losses(material.model, recipe, card.input_side, pixels, kept)))
    if failed:
        reasons = "".join(f"\n  {cause}" for cause in causes(checks, recipe))
        failures = ", ".join(check.name for check in checks if check.passed is False)
        raise GateError(f"{name} does not pass the gate ({failures}), and nothing was written: {comparison}{reasons}")
    conversion: dict[str, object] = {"recipe": name, "gate": {**dataclasses.asdict(comparison), **_figures(checks)}}
    if calibrated:
        conversion["representative"] = calibrated.describe()
    if kept:
        conversion["kept_float"] = list(kept)
    return flatbuffer, dataclasses.replace(converted, conversion=conversion), name


def _graph_model(material: _Material) -> tfjs.Files:
    """The files of a model for TensorFlow.js, through its part of the gate."""
    say(f"{TFJS}: converting")
    card = dataclasses.replace(material.card, precision="float32", conversion={"recipe": TFJS})
    files = tfjs.to_files(material.model, card)
    pixels = np.stack([*_no_pictures(card.input_side), *material.exam.pixels[:_IN_NODE]])
    checks = list(tfjs.checks(files, KerasNetwork(material.model, card), pixels))
    say(gate.table(checks))
    if not all(check.passed for check in checks):
        raise GateError(f"{TFJS} does not pass the gate, and nothing was written")
    return files


def _no_pictures(side: int) -> list[NDArray[np.uint8]]:
    """Black, white and noise (side, side, 3)."""
    black = np.zeros((side, side, 3), np.uint8)
    return [black, black + 255, np.random.default_rng(0).integers(0, 256, black.shape, np.uint8)]


def _figures(checks: Sequence[Check]) -> dict[str, object]:
    """What the card keeps of the checks that are not comparisons."""
    found = {check.name: check for check in checks}
    runs = found[gate.OLD_RUNTIME].passed
    return {"xnnpack": found["operators on XNNPACK"].found, "tflite_runtime": "not checked" if runs is None else runs}


def _running(flatbuffer: bytes, network: Network, material: _Material, plan: Plan) -> Iterator[Check]:
    """Whether the model answers what is no picture, exactly as Keras where it must, and the old runtime as the new."""
    pictures = [*_no_pictures(network.card.input_side), *material.exam.pixels[:2]]
    answers = _in_order(network, pictures)
    finite = all(np.isfinite(values).all() for values in answers)
    yield Check(gate.FINITE, "finite" if finite else "not finite", "finite", finite)
    if RECIPES[network.card.precision].exact:
        reference = _in_order(KerasNetwork(material.model, network.card), pictures)
        error = float(np.max([np.abs(ours - theirs).max() for ours, theirs in zip(answers, reference, strict=True)]))
        yield Check(gate.SAME_OUTPUTS, f"{error:.1e}", f"{gate.FLOAT_ERROR:g}", error <= gate.FLOAT_ERROR)
    inputs = np.stack([quantize(picture, network.input)[None] for picture in pictures])
    passed, found = legacy.outcome(flatbuffer, inputs, answers, plan.legacy)
    yield Check(gate.OLD_RUNTIME, found, "as on LiteRT", passed)


def _in_order(network: Runnable, pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float64]]:
    """Each output for pictures (side, side, 3) as (n, values), in the order of the model's outputs."""
    found = [network.run(picture) for picture in pictures]
    ranked = sorted(found[0], key=lambda name: network.card.outputs[name])
    return [np.stack([outputs[name].ravel() for outputs in found]).astype(np.float64) for name in ranked]
