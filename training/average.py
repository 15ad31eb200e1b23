"""One model from several of one descent: weights that were gone on from, what came of them (Wortsman et al., 2022)."""

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_detect.errors import UsageError
from training import history, networks
from training.trained import check_free, load_trained, save_model, trained_card, trained_hash


def average_models(models: list[Path], out: Path, version: str) -> Path:
    """Write the mean of trained `.keras` models (cards and histories beside them) into `out`, as training leaves one.

    All went on from the same weights (`begin_from` in their recipe), which may take part themselves and need no history
    then; had their logit been fitted after training, they take part as they were before. Where they do and are a mean,
    what that is the mean of may take part as well. A model that is named twice weighs double. version: of the mean. The
    card counts the crops and hours of all of them. Raises UsageError when there are fewer than two, a file is missing,
    they did not begin alike or are of unlike networks, two runs are in folders of one name, or `out` holds a model.
    """
    check_free(out)
    if len(models) < 2:
        raise UsageError("a mean needs two models or more")
    try:
        parts = [{**trained_card(path).training, "sha256": trained_hash(path)} for path in models]
        _check_networks(models, [part["recipe"] for part in parts])
        loaded = _alike([load_trained(path) for path in models], [part["recipe"] for part in parts])
        start = _common_start(parts)
        runs = dict.fromkeys(  # the curve of the weights they began from is part of the release's own
            path.parent
            for path, part in zip(models, parts, strict=True)
            if start is None or part["sha256"] not in _counted_elsewhere(parts, start)
        )
        curves = {run.name: history.read(run / "history.csv") for run in runs}
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(
            f"each model needs its card and history beside it, as training leaves them: {error}"
        ) from error
    if start is None or not runs:
        raise UsageError("only models that went on from the same weights have a mean: train them with begin_from")
    if len(curves) < len(runs):
        raise UsageError(f"{' and '.join(map(str, runs))} need names of their own, which tell their curves apart")
    mean = loaded[0]
    for variable, *weights in zip(mean.weights, *(model.get_weights() for model in loaded), strict=True):
        variable.assign(np.mean(weights, axis=0))
    out.mkdir(parents=True, exist_ok=True)
    card = dataclasses.replace(trained_card(models[-1]), version=version, training=_provenance(parts, start))
    save_model(mean, card, out)
    history.join(curves, out / "history.csv")
    return out / "best.keras"


def _check_networks(models: list[Path], recipes: list[dict[str, Any]]) -> None:
    """Raise UsageError when models are of unlike networks, as one that has grown is."""
    shapes = [(one["network"], {**one["options"], "readings": None}) for one in recipes]
    for path, shape in zip(models, shapes, strict=True):
        if shape != shapes[0]:
            raise UsageError(f"{models[0]} and {path} are of unlike networks, which have no mean")


def _alike(models: list[keras.Model], recipes: list[dict[str, Any]]) -> list[keras.Model]:
    """The models, of which those with a fitted reading are without one where any other is."""
    fitted = [bool(recipe["options"].get("readings")) for recipe in recipes]
    if all(fitted):
        return models
    plain = recipes[fitted.index(False)]
    return [_before_reading(model, plain) if one else model for model, one in zip(models, fitted, strict=True)]


def _before_reading(model: keras.Model, plain: dict[str, Any]) -> keras.Model:
    """A model whose logit was fitted, as the network of the recipe `plain`, which knows no such reading."""
    before = networks.deployable(plain["network"], **plain["options"])
    networks.undeploy(model, before)
    return before


def _common_start(parts: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The record of the weights that all parts went on from, or are; None where there are none."""
    for start in (part["begun_from"] for part in parts if "begun_from" in part):
        origins = _origins(parts, start)
        later = [part for part in parts if part["sha256"] not in origins]
        if all(part.get("begun_from", {}).get("sha256") == start["sha256"] for part in later):
            return start
    return None


def _origins(parts: list[dict[str, Any]], start: dict[str, Any]) -> set[str]:
    """Hashes of the weights that were gone on from and, where these are among the parts, of what they are a mean of."""
    means = (part["mean_of"] for part in parts if part["sha256"] == start["sha256"] and "mean_of" in part)
    return {start["sha256"]} | {part["sha256"] for mean in means for part in mean}


def _counted_elsewhere(parts: list[dict[str, Any]], start: dict[str, Any]) -> set[str]:
    """Hashes of the weights whose crops and hours are those of the start, or of a part that is a mean of them."""
    within = [part["mean_of"] for part in parts if "mean_of" in part]
    return _origins(parts, start) | {record["sha256"] for records in within for record in records}


def _provenance(parts: list[dict[str, Any]], start: dict[str, Any]) -> dict[str, Any]:
    """What the parts have in common, the crops and hours of all of them, and each part's own record, whole once."""
    counted = _counted_elsewhere(parts, start)
    grown = {part["sha256"]: part for part in parts if part["sha256"] not in counted}
    common = _common([{key: part[key] for key in part if key != "sha256"} for part in grown.values()])
    plain = next((part["recipe"]["options"] for part in parts if not part["recipe"]["options"].get("readings")), None)
    if plain is not None:  # then none has the reading that was fitted after training
        common["recipe"]["options"] = plain
        common.pop("reading_fitted", None)
    spent = {
        key: start[key] + sum(part[key] - start[key] for part in grown.values()) for key in ("crops_seen", "hours")
    }
    return {**common, **spent, "hours": round(spent["hours"], 2), "mean_of": _each_once(parts, set())}


def _each_once(parts: list[dict[str, Any]], told: set[str]) -> list[dict[str, Any]]:
    """The records, those that weigh double or stand within others too: whole where they come first, then by hash."""
    records = []
    for part in parts:
        if part["sha256"] in told:
            records.append({"sha256": part["sha256"]})
            continue
        told.add(part["sha256"])
        records.append({**part, **({"mean_of": _each_once(part["mean_of"], told)} if "mean_of" in part else {})})
    return records


def _common(records: list[dict[str, Any]]) -> dict[str, Any]:
    """What is the same in all records, and in the records within them."""
    common = {}
    for key, value in records[-1].items():
        values = [record.get(key) for record in records]
        if all(other == value for other in values):
            common[key] = value
        elif all(isinstance(other, dict) for other in values):
            common[key] = _common(values)
    return common
