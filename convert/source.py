"""What is converted: a Keras model of ours with its card, or anybody's, for which the user says what a card would."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from convert import foreign
from convert.destination import check_name
from edge_detect.card import Card
from edge_detect.errors import EdgeDetectError, MissingExtraError, ModelError, UsageError
from edge_detect.silence import silenced

Crop = Literal["whole", "face"]


@dataclass(frozen=True)
class Said:
    """What a user says of a model without a card; None where nothing was said.

    labels: in the order of the model's outputs; crop: what it is shown; normalise: what was done outside the graph to
    pixels 0–255; side: of its square input in pixels, where the model leaves that open.
    """

    labels: tuple[str, ...] | None = None
    crop: Crop | None = None
    normalise: foreign.Normalise | None = None
    side: int | None = None
    name: str | None = None


def load(source: Path, said: Said, labels: tuple[str, ...]) -> tuple[Any, Card]:
    """A Keras model that takes RGB 0–255 and gives a dict of outputs, and its card.

    source: a `.keras` or `.h5` file, or the folder of a SavedModel. Where `NAME.json` lies beside the file, that is its
    card; else the card is made of what was said, with `labels` where none were. Raises UsageError when the model or its
    card cannot be read or do not fit, or files cannot be called by its name, MissingExtraError without TensorFlow.
    """
    beside = card_path(source)
    if beside.is_file():
        if said != Said():
            raise UsageError(f"{beside} is the model's card and says it all: leave out --labels and the like")
        card = _card(beside)
        check_name(card.name, f"{beside} calls the model")
        model = read(source)
        _check_fit(model, card, beside)
        return model, card
    name = _stem(source) if said.name is None else said.name
    check_name(name, "--name" if said.name is not None else "say --name: the model would be called as its file, and")
    return foreign.adapt(
        read(source, said.side),
        said.labels or labels,
        name=name,
        origin={"file": source.name, "sha256": _hash(source)},
        side=said.side,
        normalise=said.normalise,
        crop=said.crop,
    )


def card_path(source: Path) -> Path:
    """Where a model's card lies, if it has one: beside it, under its name."""
    return source.with_name(f"{_stem(source)}.json")


def _stem(source: Path) -> str:
    """A model's name: that of its file without the suffix, or of its folder, where a dot begins no suffix."""
    return source.name if source.is_dir() else source.stem


def _card(beside: Path) -> Card:
    """The card in a file beside a model."""
    try:
        return Card.from_dict(json.loads(beside.read_text(encoding="utf-8")))
    except (ModelError, OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{beside} is taken for the model's card, since it is called so, and cannot be read as one ({error}); "
            "if it is something else, move it away"
        ) from error


def _check_fit(model: Any, card: Card, beside: Path) -> None:
    """Raise UsageError when a card does not speak of this model."""
    answers = model.output if isinstance(model.output, dict) else {}
    sides = {int(side) for side in model.inputs[0].shape[1:3] if side}
    missing = sorted({card.output, *card.outputs} - answers.keys())
    if missing:
        known = ", ".join(sorted(answers)) or "one answer without a name"
        wrong = f"names the output {missing[0]!r}, and the model has {known}"
    elif sides - {card.input_side}:
        wrong = f"says {card.input_side} pixels a side, and the model takes {max(sides)}"
    elif card.values and answers[card.output].shape[1:] != (card.values,):
        wrong = (
            f"speaks of {card.values} values in {card.output!r}, and the model answers {answers[card.output].shape[1:]}"
        )
    else:
        return
    raise UsageError(f"{beside} is taken for the model's card and does not fit: it {wrong}; correct it or move it away")


def check(source: Path) -> None:
    """Raise UsageError when there is no such file or folder, or it is of another kind than can be read."""
    kinds = "name a .keras or .h5 file, or the folder of a SavedModel"
    if not source.exists():
        raise UsageError(f"there is no {source}: {kinds}")
    if source.is_dir() and not (source / "saved_model.pb").is_file():
        raise UsageError(f"{source} holds no saved_model.pb: {kinds}")
    if source.is_file() and source.suffix not in (".keras", ".h5", ".hdf5"):
        raise UsageError(f"{source} is no Keras model: {kinds}")
    if source.suffix == ".keras" and source.is_file() and not zipfile.is_zipfile(source):
        raise UsageError(f"{source} is damaged or no .keras archive: save it again with model.save('model.keras')")


def read(source: Path, side: int | None = None) -> Any:
    """A Keras model from a file, or around a SavedModel's default signature, that takes one picture at a time."""
    try:
        with silenced(1, 2):
            import keras
            import tensorflow  # noqa: F401 - Keras may be there without it
    except ImportError as error:
        raise MissingExtraError("converting", "train") from error
    try:
        model = _around(source, side) if source.is_dir() else keras.models.load_model(source, compile=False)
    except EdgeDetectError:
        raise
    except Exception as error:  # of a damaged file Keras, h5py, zipfile and TensorFlow raise whatever it leads them to
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise UsageError(
            f"{source} is damaged, or of a kind that Keras cannot read ({reason}): copy it again, or save it with "
            "model.save('model.keras') or, where it has layers of your own, with model.export('folder')"
        ) from error
    inputs = getattr(model, "inputs", None)  # Keras raises AttributeError of a model that was never built
    if not inputs:
        raise UsageError(f"{source} was saved before it was built: call the model on a picture first, then save it")
    _check_batch(source, inputs[0].shape)
    return model


def _check_batch(source: Path, shape: Sequence[int | None]) -> None:
    """Raise UsageError when a model with an input of this shape takes several pictures at a time, never one."""
    if shape[0] not in (None, 1):
        raise UsageError(f"{source} takes {shape[0]} pictures at a time: save it with the batch left open, or of 1")


def _around(folder: Path, side: int | None) -> Any:
    """A Keras model around the signature `serving_default` of a SavedModel."""
    import keras
    import tensorflow as tf

    signature = tf.saved_model.load(str(folder)).signatures["serving_default"]
    given = list(signature.structured_input_signature[1].values())
    if len(given) != 1 or given[0].shape.rank != 4:
        shapes = ", ".join(str(each.shape) for each in given) or "nothing"
        raise UsageError(f"{folder} takes {shapes}; one input of RGB pictures (n, side, side, 3) is needed")
    shape = given[0].shape.as_list()
    _check_batch(folder, shape)
    height, width = (value or side for value in shape[1:3])
    inputs = keras.Input((height, width, shape[3]), dtype=given[0].dtype.name)
    answered = keras.layers.TFSMLayer(str(folder), call_endpoint="serving_default")(inputs)
    return keras.Model(inputs, answered)


def _hash(source: Path) -> str:
    """SHA-256 of a file, or of a folder's files in order."""
    digest = hashlib.sha256()
    for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()
