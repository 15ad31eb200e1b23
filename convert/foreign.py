"""Somebody else's Keras image classifier, brought to our contract: pixels 0–255 in, a named output, a card."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge_detect.card import Card
from edge_detect.errors import UsageError
from edge_detect.manifest import LABELS
from edge_detect.progress import say

Normalise = Literal["0..1", "-1..1", "imagenet", "none"]
NORMALISATIONS: tuple[Normalise, ...] = ("0..1", "-1..1", "imagenet", "none")
"""What was done to pixels 0–255: divided by 255; scaled to ±1; divided and standardised per channel; nothing."""
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
_PROBES = 8
_WHOLE = "the centred square of the whole picture: scan with --whole-image"


def adapt(
    model: Any,
    labels: tuple[str, ...],
    *,
    name: str,
    origin: dict[str, str],
    side: int | None = None,
    normalise: Normalise | None = None,
    crop: str | None = None,
) -> tuple[Any, Card]:
    """The model with normalisation and output inside the graph, and its card.

    Labels are in the order of the model's outputs; of a single sigmoid or logit, the second is what it stands for. With
    the labels real and fake, in either order, it becomes a classifier that answers for *fake*; with others, a labeller.
    Raises UsageError when the model has no single square RGB input, or one that cannot hold pixels normalised like
    that, no single output, or not as many outputs as labels, or a label cannot be printed.
    """
    import keras

    found = _side(model, side)
    count = _answers(model)
    odd = [label for label in labels if not label or not label.isprintable()]
    if odd:
        raise UsageError(f"{odd[0]!r} cannot be a label: give it another name, of characters that can be printed")
    if len(set(labels)) != len(labels) or len(labels) != max(2, count):
        raise UsageError(
            f"the model has {count} output{'' if count == 1 else 's'} and {len(labels)} labels ({', '.join(labels)}); "
            "--labels names them in the order of the outputs (of a single one, first what is near 0), and the folders "
            "of --data are called so"
        )
    chosen = _chosen(model, normalise)
    inside = [layer.name for layer in _layers(model) if type(layer).__name__ in ("Rescaling", "Normalization")]
    inside += _arithmetic(model)
    if inside and normalise is None and chosen != "none":
        say(
            f"warning: the model has a layer {inside[0]!r}: if it normalises its input itself, say --normalise none, "
            "else --normalise 0..1"
        )
    pixels = keras.Input((found, found, 3), name="pixels")
    answer = _only(model(_normalised(pixels, chosen)))
    logits = not _are_probabilities(model, keras.Model(pixels, answer), found)
    verdicts = set(labels) == set(LABELS)
    output, value = (_fakeness if verdicts else _spread)(answer, labels, count, logits)
    crop = crop or ("face" if verdicts else "whole")
    card = Card(
        name=name,
        version="1",
        description=f"Converted from {origin['file']}, which came without a card.",
        kind="classifier" if verdicts else "labeller",
        input_side=found,
        output=output,
        outputs={output: 0},
        labels=LABELS if verdicts else labels,
        crop=Card.crop if crop == "face" else _WHOLE,
        precision="float32",
        training={"from": origin, "normalise": chosen, "outputs": "logits" if logits else "probabilities"},
    )
    return keras.Model(pixels, {output: value}, name="adapted"), card


def _side(model: Any, said: int | None) -> int:
    """Side of the model's input in pixels."""
    if len(model.inputs) != 1:
        raise UsageError(f"the model has {len(model.inputs)} inputs; only one picture can be given")
    shape = tuple(model.inputs[0].shape)
    if len(shape) != 4 or shape[3] != 3:
        raise UsageError(f"the model's input has the shape {shape}; RGB pictures (n, side, side, 3) are needed")
    if shape[1] != shape[2]:
        raise UsageError(f"the model's input has the shape {shape}; only square ones can be converted")
    if shape[1] is None and said is None:
        raise UsageError("the model leaves the side of its input open; --side says which it was trained with")
    if None not in (shape[1], said) and shape[1] != said:
        raise UsageError(f"the model's input has {shape[1]} pixels a side; leave out --side {said}")
    return int(shape[1] or said or 0)


def _chosen(model: Any, said: Normalise | None) -> Normalise:
    """How pixels are normalised outside the model: as was said, else as the type of its input lets expect."""
    kind = model.inputs[0].dtype
    if "float" in kind:
        return said or "0..1"
    if kind == "bool" or np.iinfo(kind).max < 255:
        raise UsageError(f"the model's input is {kind}, which cannot hold pixels 0–255: save it with uint8 or float32")
    if said not in (None, "none"):
        raise UsageError(f"the model's input is {kind}, which holds pixels 0–255 only: leave out --normalise {said}")
    return "none"


def _answers(model: Any) -> int:
    """How many numbers the model answers for a picture."""
    outputs = model.outputs
    if len(outputs) != 1 or len(outputs[0].shape) != 2:
        shapes = ", ".join(str(tuple(output.shape)) for output in outputs)
        raise UsageError(f"the model answers {shapes}; one output (n, number of labels) is needed")
    return int(outputs[0].shape[1])


def _only(answer: Any) -> Any:
    return next(iter(answer.values())) if isinstance(answer, dict) else answer


def _layers(model: Any) -> list[Any]:
    return [layer for layer in model._flatten_layers() if layer is not model]


def _arithmetic(model: Any) -> list[str]:
    """Operations on the pixels, before any layer with weights, such as a `preprocess_input` of Keras is made of."""
    found = []
    for each in getattr(model, "operations", model.layers):
        if hasattr(each, "operations"):
            found += _arithmetic(each)
        elif type(each).__name__ in ("TrueDivide", "Divide", "Multiply", "Subtract", "Add"):
            found.append(each.name)
        if getattr(each, "weights", ()):
            break
    return found


def _normalised(pixels: Any, how: Normalise) -> Any:
    import keras

    match how:
        case "none":
            return pixels
        case "0..1":
            return keras.layers.Rescaling(1 / 255)(pixels)
        case "-1..1":
            return keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
        case "imagenet":
            standard = {"mean": (255 * _MEAN).tolist(), "variance": np.square(255 * _DEVIATION).tolist()}
            return keras.layers.Normalization(**standard)(pixels)


def _are_probabilities(model: Any, whole: Any, side: int) -> bool:
    """Whether the answers are probabilities: by the layer that gives them, else by what they are on test pictures."""
    last = _last(model)
    activation = getattr(getattr(last, "activation", None), "__name__", type(last).__name__).lower()
    if activation in ("softmax", "sigmoid"):
        return True
    if activation == "linear" and last.weights:  # without, as to change the type of numbers, it says nothing
        return False
    answers: NDArray[np.float32] = np.concatenate([whole.predict_on_batch(one[None]) for one in _test_pictures(side)])
    within = bool(((answers >= 0) & (answers <= 1)).all())
    found = within and (answers.shape[1] == 1 or bool(np.allclose(answers.sum(axis=1), 1, atol=1e-3)))
    say(
        f"the layer {last.name!r} does not say whether its answers are probabilities: they are taken for "
        f"{'probabilities' if found else 'logits'}, by what they are on {len(answers)} test pictures"
    )
    return found


def _last(model: Any) -> Any:
    """The layer or operation that gives a model's answer, inside models that are layers of others."""
    import keras

    layer = model.outputs[0]._keras_history.operation
    return _last(layer) if isinstance(layer, keras.Model) else layer


def _test_pictures(side: int) -> list[NDArray[np.float64]]:
    """Grays, the corners of the colour space, noise, and halves of black and white: (side, side, 3)."""
    rng = np.random.default_rng(0)
    colours = [np.full(3, 255 * i / _PROBES) for i in range(_PROBES)]
    colours += [255.0 * np.array([i & 1, i >> 1 & 1, i >> 2]) for i in range(8)]
    pictures = [np.broadcast_to(colour, (side, side, 3)) for colour in colours]
    pictures += [rng.integers(0, 256, (side, side, 3)).astype(float) for _ in range(_PROBES)]
    halves = np.broadcast_to(255.0 * (np.arange(side) < side // 2)[:, None, None], (side, side, 3))
    return [*pictures, halves, halves.swapaxes(0, 1)]


def _fakeness(answer: Any, labels: tuple[str, ...], count: int, logits: bool) -> tuple[str, Any]:
    """A single answer for *fake*."""
    fake = labels.index("fake")
    if count == 2 and logits:
        return "logit", answer[:, fake : fake + 1] - answer[:, 1 - fake : 2 - fake]
    if count == 2:
        return "probability", answer[:, fake : fake + 1]
    if fake == 1:
        return ("logit" if logits else "probability"), answer
    return ("logit", -answer) if logits else ("probability", 1 - answer)


def _spread(answer: Any, labels: tuple[str, ...], count: int, logits: bool) -> tuple[str, Any]:
    """An answer for each label."""
    from keras import ops

    if count == len(labels):
        return ("logits" if logits else "probabilities"), answer
    if logits:
        return "logits", ops.concatenate([0 * answer, answer], axis=1)
    return "probabilities", ops.concatenate([1 - answer, answer], axis=1)
