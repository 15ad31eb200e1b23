"""A narrower network that begins close to a trained one: of each layer the channels that tell most stay.

What stays is chosen, layer after layer, by how much of a layer's answers it explains (column subset selection by
pivoted QR; Golub, 1965), and each kernel is fitted so that, fed by the narrower layers before it, it gives what the
trained network gives in the channels that stay (least squares; after He, Zhang & Sun, 2017). Pairs of convolutions that
the trained network has grown are folded into the layer before them.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy.linalg import qr

from edge_detect.errors import UsageError
from edge_detect.manifest import FAKE, REAL, Sample, load_pictures, read_manifests
from edge_detect.progress import progress
from training import networks
from training.classifier import of_split
from training.networks.layers import GROWN
from training.trained import check_free, load_trained, save_model, trained_card, trained_hash

_BATCH = 32
_RIDGE = 1e-4
"""Of the mean square of a layer's inputs, added to each."""
_ZERO_MEAN = 1e4
"""Likewise, to what a kernel's sum costs: kernels of standardised convolutions have a mean of zero."""


def shrink(
    path: Path, data: list[Path], out: Path, widths: Sequence[int], name: str, pictures: int = 512, seed: int = 1
) -> Path:
    """Write the beginning of a narrower `edge` network into `out` as best.keras, its card beside it.

    path: a trained `.keras` model of the network `edge` that pools features, its card beside it; widths: channels of
    the narrower one at a stride of 4, 8 and 16; name: for its card; pictures: of the split `train`, half of them fake,
    by which it is fitted. Raises UsageError when a file is missing or of another network, a width is not narrower, or
    `out` holds a model.
    """
    check_free(out)
    if len(widths) != 3 or min(widths) < 1:
        raise UsageError(f"widths are three numbers of channels, at a stride of 4, 8 and 16, not {list(widths)}")
    try:
        card = trained_card(path)
        trained = load_trained(path)
        recipe = card.training["recipe"]
        options = {**recipe["options"], "widths": list(widths), "grown": [0, 0]}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path} and its card beside it are of no trained model: {error}") from error
    if recipe["network"] != "edge" or options.get("pooling") != "features" or options.get("readings"):
        raise UsageError(f"{path} is of no network `edge` whose logit reads the mean features itself")
    narrow = networks.deployable("edge", **options)
    shown = _pictures(of_split(read_manifests(data), "train"), pictures, card.input_side, seed)
    fit_layers(trained, narrow, shown)
    about = {"sha256": trained_hash(path), "version": card.version, "pictures": len(shown), "seed": seed}
    training = {**card.training, "recipe": {**recipe, "options": options}, "shrunk_from": about}
    out.mkdir(parents=True, exist_ok=True)
    save_model(narrow, dataclasses.replace(card, name=name, training=training), out)
    return out / "best.keras"


def _pictures(samples: list[Sample], count: int, side: int, seed: int) -> NDArray[np.uint8]:
    """Training pictures, real and fake half and half."""
    rng = np.random.default_rng(seed)
    chosen: list[Sample] = []
    for label in (REAL, FAKE):
        known = [sample for sample in samples if sample.label == label]
        chosen += [known[i] for i in rng.permutation(len(known))[: count // 2]]
    return load_pictures(chosen, side)


def fit_layers(trained: keras.Model, narrow: keras.Model, pictures: NDArray[np.uint8]) -> None:
    """Fit a `narrow` network, layer by layer, to what a trained one answers; both in stock layers.

    Raises UsageError when a layer of the narrow one is wider.
    """
    answers = rectified(trained)
    *body, patches = [layer for layer in narrow.layers if isinstance(layer, keras.layers.Conv2D)]
    # The last pair adds to the channels before it, so they are the same ones, and what it adds is fitted.
    first, last = body[-3], body[-1]
    stream = telling(keras.Model(trained.input, ops.relu(answers[-1])), last.filters, pictures)
    with progress(len(body), "fitting layers") as advance:
        for layer, answer in zip(body, answers, strict=True):
            shared = layer in (first, last)
            features = keras.Model(trained.input, ops.relu(answer))
            channels = stream if shared else telling(features, layer.filters, pictures)
            there = keras.Model(narrow.input, ops.relu(first.output)) if layer is last else None
            wanted = keras.Model(trained.input, ops.take(answer, channels, axis=-1))
            layer.set_weights(solve(narrow, layer, wanted, pictures, there))
            advance()
    # What is read off the features is linear in them, so both readings are fitted at once, place by place.
    weights, offset = trained.get_layer("logit").get_weights()
    readings = ops.concatenate(
        [trained.output["patches"], ops.matmul(ops.relu(answers[-1]), weights) + offset], axis=-1
    )
    kernel, bias = solve(narrow, patches, keras.Model(trained.input, readings), pictures, zero_mean=False)
    patches.set_weights([kernel[..., :1], bias[:1]])
    narrow.get_layer("logit").set_weights([kernel[0, 0, :, 1:], bias[1:]])


def rectified(trained: keras.Model) -> list[keras.KerasTensor]:
    """What goes into each rectifier of an `edge` network, those of the pairs that it has grown taken as one."""
    found: list[keras.KerasTensor] = []
    two_before, before = "", ""
    for layer in trained.layers:
        if isinstance(layer, keras.layers.ReLU) and not before.startswith(GROWN):
            if two_before.startswith(GROWN):
                found.pop()
            found.append(layer.input)
        two_before, before = before, layer.name
    return found


def telling(features: keras.Model, count: int, pictures: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The `count` channels of features (n, h, w, c) that together tell most of the others, in their order.

    Raises UsageError when there are fewer.
    """
    if count > features.output.shape[-1]:
        raise UsageError(f"there are {features.output.shape[-1]} channels, of which {count} cannot be kept")
    products, sums, places = 0.0, 0.0, 0
    for part in _batches(pictures):
        rows = np.asarray(features.predict_on_batch(part), np.float64).reshape(-1, features.output.shape[-1])
        products, sums, places = products + rows.T @ rows, sums + rows.sum(axis=0), places + len(rows)
    spread = products / places - np.outer(sums, sums) / places**2
    order = qr(np.linalg.cholesky(spread + 1e-9 * np.eye(len(spread))).T, mode="r", pivoting=True)[1]
    return np.sort(order[:count])


def solve(
    narrow: keras.Model,
    layer: keras.layers.Conv2D,
    wanted: keras.Model,
    pictures: NDArray[np.uint8],
    there: keras.Model | None = None,
    *,
    zero_mean: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The kernel and bias with which a layer of `narrow` comes closest to what is `wanted`, less what is `there`."""
    inputs = keras.Model(narrow.input, layer.input)
    size = (*layer.kernel_size, layer.input.shape[-1])
    terms = int(np.prod(size))
    squares, products = 0.0, 0.0
    for part in _batches(pictures):
        fields = ops.image.extract_patches(
            inputs.predict_on_batch(part), layer.kernel_size, strides=layer.strides, padding=layer.padding
        )
        rows = np.asarray(fields, np.float32).reshape(-1, terms)
        rows = np.hstack([rows, np.ones((len(rows), 1), np.float32)])
        target = np.asarray(wanted.predict_on_batch(part), np.float32)
        target = (target if there is None else target - there.predict_on_batch(part)).reshape(len(rows), -1)
        squares, products = squares + rows.T @ rows, products + rows.T @ target
    squares = np.asarray(squares, np.float64)
    scale = float(np.trace(squares[:terms, :terms])) / terms
    squares[:terms, :terms] += _RIDGE * scale * np.eye(terms) + (_ZERO_MEAN * scale if zero_mean else 0.0)
    solution = np.linalg.solve(squares, products)
    return solution[:terms].reshape(*size, -1), solution[terms]


def _batches(pictures: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Pictures in parts, so that their features fit into memory."""
    for i in range(0, len(pictures), _BATCH):
        yield pictures[i : i + _BATCH]
