"""How a picture's logit reads the features, fitted again, after training, on pictures that training did not see.

A network that pools features says two things of a picture: its logit, a reading of the mean features, and the mean of
its patches. Where a fake is real in parts, the first is far above the second; of generators that no training saw, the
second may know more. How much each counts was learnt on training pictures, which are known by heart; here a layer of
three units takes the place of the one reading.
"""

import dataclasses
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from edge_detect.errors import UsageError
from edge_detect.evaluation import metrics
from edge_detect.manifest import load_pictures, read_manifests
from training import history, networks
from training.classifier import of_split, outputs, predict
from training.trained import check_free, load_trained, save_model, trained_card

UNITS = 3
"""Of the layer between the mean features and the logit: a sum of both readings, or that of the patches alone, where it
is above zero, and where it is below; and how far the reading of the whole is above that of the patches."""


def fit_reading(path: Path, data: list[Path], out: Path, version: str, patches_only: bool = False) -> Path:
    """Write a trained `.keras` model with its logit fitted on `val` into `out`, as training leaves one.

    Its card and history lie beside it. Real and fake weigh alike, and of a card that asks for two looks the mean of
    both counts. version: of the new model; patches_only: leave the reading of the whole out of the sum, so that it
    counts only where it is far above that of the patches. Raises UsageError when a file is missing, the network is not
    one that pools features, or `out` holds a model.
    """
    check_free(out)
    try:
        card = trained_card(path)
        model = load_trained(path)
        trained = history.read(path.with_name("history.csv"))[-1]
        recipe = card.training["recipe"]
    except (OSError, KeyError, IndexError, ValueError) as error:
        raise UsageError(f"{path} needs its card and history beside it, as training leaves them: {error}") from error
    if recipe["options"].get("pooling") != "features" or recipe["options"].get("readings"):
        raise UsageError(f"{path} has no logit that reads the mean features itself, which could be fitted again")

    samples = of_split(read_manifests(data), "val")
    pictures = load_pictures(samples, card.input_side)
    labels = np.array([sample.label for sample in samples])
    shown = (pictures, pictures[:, :, ::-1]) if card.mirrored else (pictures,)
    looks = [both_readings(model, look) for look in shown]
    apart = float(np.median(np.mean([first - second for first, second in looks], axis=0)))
    terms = np.mean([np.stack([a, b, np.maximum(0, a - b - apart)], axis=1) for a, b in looks], axis=0)
    counted = [1, 2] if patches_only else [0, 1, 2]
    fitted = LogisticRegression(C=np.inf, class_weight="balanced").fit(terms[:, counted], labels)
    weights = np.zeros(3)
    weights[counted] = fitted.coef_[0]

    options = {**recipe["options"], "readings": UNITS}
    reading = networks.deployable(recipe["network"], **options)
    copy_body(model, reading)
    set_units(reading, model, weights, apart)
    reading.get_layer("logit").set_weights([np.array([[1.0], [-1.0], [weights[2]]]), fitted.intercept_])

    about = {"version": card.version, "pictures": len(samples), "split": "val", "patches_only": patches_only}
    training = {**card.training, "recipe": {**recipe, "options": options}, "reading_fitted": about}
    out.mkdir(parents=True, exist_ok=True)
    save_model(reading, dataclasses.replace(card, version=version, training=training), out)
    scores = predict(reading, pictures)
    details = history.joined(metrics.auc_by_source(samples, scores))
    spent = {name: trained[name] for name in history.COLUMNS}  # a mean's history also names its runs
    row = {**spent, "score": f"{metrics.auc(labels, scores):.4f}", "details": details, "learning_rate": "0"}
    history.write(out / "history.csv", history.COLUMNS, [row])
    return out / "best.keras"


def copy_body(model: keras.Model, reading: keras.Model) -> None:
    """Give `reading` all weights of a model but those between the mean features and the logit."""
    sources, targets = (
        [layer for layer in one.layers if layer.weights and layer.name not in ("readings", "logit")]
        for one in (model, reading)
    )
    for source, target in zip(sources, targets, strict=True):
        target.set_weights(source.get_weights())


def set_units(reading: keras.Model, model: keras.Model, weights: NDArray[np.float64], apart: float) -> None:
    """Make the three units of `reading` what UNITS says, as both readings of a model are linear in the mean features.

    weights: of the first and of the second reading in the sum; apart: what is taken off their distance.
    """
    (whole, whole_bias), (patches, patches_bias) = (
        (np.reshape(kernel, -1), float(bias[0]))
        for kernel, bias in (model.get_layer(name).get_weights() for name in ("logit", "patches"))
    )
    total, total_bias = (weights[0] * a + weights[1] * b for a, b in ((whole, patches), (whole_bias, patches_bias)))
    kernels = np.stack([total, -total, whole - patches], axis=1)
    biases = np.array([total_bias, -total_bias, whole_bias - patches_bias - apart])
    reading.get_layer("readings").set_weights([kernels, biases])


def both_readings(model: keras.Model, pictures: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The logit of pictures (n, side, side, 3) and the mean of their patches, each (n,)."""
    found = outputs(model, pictures)
    return found["logit"][:, 0], found["patches"].mean(axis=(1, 2, 3))
