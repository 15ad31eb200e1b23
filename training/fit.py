"""Training, top to bottom: feed, step, validate, keep the best, go on where it stopped."""

import dataclasses
import json
import sys
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge_detect.card import Card
from edge_detect.errors import UsageError
from training import checkpoint, feed, networks
from training.classifier import ClassifierTask
from training.finding import FinderTask
from training.history import History, plot
from training.interrupt import StopRequest
from training.optimizer import optimizer
from training.precision import has_fast_bfloat16, in_float32
from training.recipe import Recipe
from training.teacher import Teacher
from training.trained import check_free, load_trained, save_model, trained_hash

Task = ClassifierTask | FinderTask
FREE = {
    "name",
    "version",
    "description",
    "licence",
    "manifests",
    "scenes",
    "begin_from",
    "teacher",
    "mirrored",
    "crops",
    "patience",
    "cooldown",
    "keep_last",
}
"""What of a recipe may change while a run goes on: its length, its pace and its texts, and where data lie."""
DIVERGED = "lower the learning rate of the recipe, and begin anew in another --out"


def fit(recipe: Recipe, out: Path, *, resume: bool = False, other_pictures: bool = False) -> Path:
    """Train a recipe into the folder `out` and return the best model's file, `out/best.keras`.

    Writes checkpoint.npz (all state), plateau.npz (the state before the learning rate fell), best.keras (averaged
    weights in stock layers; of those after that, once there are any) with its card best.json, history.csv and
    history.png. A run that was interrupted goes on with `resume`; a finished one is prolonged, from its plateau, by a
    recipe with more crops; with `other_pictures` it may learn on from others than before. Raises UsageError when `out`
    holds a run and `resume` is not given, or one of another recipe, or a model without the state of its run, and when
    the loss is no finite number any more; KeyboardInterrupt after the state was saved.
    """
    state, plateau = out / "checkpoint.npz", out / "plateau.npz"
    if state.exists() and not resume:
        raise UsageError(f"{out} already holds a run: go on with --resume, or choose another --out")
    if not state.exists():
        check_free(out)
        if resume:
            print(f"there is no run in {out} to go on with: one begins", file=sys.stderr)
    task = FinderTask(recipe) if recipe.network == "finder" else ClassifierTask(recipe)
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if has_fast_bfloat16() else "float32")
    model = compiled(recipe, task)
    averaged = deployable(recipe)
    trained = list(model.loss)
    run = begin(recipe, task, model, state, plateau, other_pictures=other_pictures)
    history = History(out / "history.csv", run.validated * recipe.batch, run.hours)

    stored = run.step
    total, seen = recipe.steps * recipe.batch, run.step * recipe.batch
    with (
        StopRequest() as stop,
        tqdm(total=total, initial=seen, unit=" crops", disable=None) as bar,
        closing(lessons(recipe, task, run.step)) as stream,
    ):
        try:
            while True:
                if is_due(recipe, run):
                    average(model, averaged)
                    bar.set_postfix(examine(model, averaged, recipe, task, run, history))
                    checkpoint.save(state, model, run)
                    stored = run.step
                if run.step >= recipe.steps or run.since_best >= recipe.patience or stop.asked:
                    break
                pixels, answers = next(stream)
                if run.step == recipe.cooldown_start:
                    checkpoint.save(plateau, model, run)
                    # A state at full rate is no result. Of weights trained before, the first might seem the best.
                    run.best, run.since_best, run.settled = float("-inf"), 0, False
                model.optimizer.learning_rate = recipe.rate(run.step)
                learn(model, pixels, {name: answers[name] for name in trained}, run.losses)
                run.step, run.hours = run.step + 1, history.hours
                bar.update(recipe.batch)
        finally:
            if run.step > stored and is_finite(model):
                checkpoint.save(state, model, run)
    if stop.asked:
        raise KeyboardInterrupt
    best = out / "best.keras"
    if not best.exists():
        raise UsageError(f"there is no {best}, which the run {out} left once; begin anew in another --out")
    return best


def is_due(recipe: Recipe, run: checkpoint.Progress) -> bool:
    """Whether a validation stands out: also one that was interrupted."""
    return run.validated < run.step and (run.step % recipe.interval == 0 or run.step == recipe.steps)


def examine(
    model: keras.Model,
    averaged: keras.Model,
    recipe: Recipe,
    task: Task,
    run: checkpoint.Progress,
    history: History,
) -> dict[str, str]:
    """Validate the averaged weights, keep them beside the history if the recipe wants these, and note it in `run`.

    Returns what the progress bar shows of it.
    """
    score, details = task.validate(averaged)
    if not run.settled and (score > run.best or recipe.keep_last):
        save_model(averaged, model_card(model, recipe, task, run, history.hours), history.path.parent)
    loss, rate = float(np.mean(run.losses)), recipe.rate(run.step - 1)
    history.add(run.step * recipe.batch, loss, score, details, rate)
    plot(history.path, history.path.with_suffix(".png"))
    run.since_best = 0 if score > run.best else run.since_best + 1
    run.best, run.validated, run.losses = max(score, run.best), run.step, []
    return {"loss": f"{loss:.3f}", "score": f"{score:.4f}", "best": f"{run.best:.4f}"}


def learn(model: keras.Model, pixels: NDArray[np.uint8], wanted: feed.Answers, losses: list[float]) -> None:
    """One step of training, whose loss is added to those since the last validation.

    Raises UsageError when the loss is no finite number.
    """
    loss = float(model.train_on_batch(pixels, wanted, return_dict=True)["loss"])
    if not np.isfinite(loss):
        raise UsageError(f"the loss is {loss}; {DIVERGED}")
    losses.append(loss)


def is_finite(model: keras.Model) -> bool:
    """Whether all weights are finite numbers."""
    return all(np.isfinite(weights).all() for weights in model.get_weights())


def lessons(recipe: Recipe, task: Task, start: int) -> Generator[feed.Batch, None, None]:
    """Batches from number `start` on, with what the recipe's teacher says of them where there is one.

    Raises UsageError when it cannot teach, or the network is a finder.
    """
    stream = feed.batches(task.maker, start)
    if not (recipe.teacher and recipe.taught):
        return stream
    if task.kind == "finder":
        raise UsageError("a finder has no teacher; leave it out of the recipe")
    return Teacher(recipe.teacher, recipe.taught).teach(stream)


def begin(
    recipe: Recipe, task: Task, model: keras.Model, state: Path, plateau: Path, *, other_pictures: bool = False
) -> checkpoint.Progress:
    """A new run, or the stored one; one whose planned length or pace has changed goes on from before its cooldown.

    Raises UsageError when by the new plan the rate should have begun to fall before that, or that state is gone.
    """
    run = checkpoint.Progress({**task.provenance(), **unchanging(recipe)}, recipe.crops, recipe.cooldown)
    restore = partial(
        checkpoint.load, model=model, expected=run, defaults=recipe_defaults(), other_pictures=other_pictures
    )
    if state.exists():
        run = restore(state)
        check_beginning(recipe, run, state)
    elif recipe.begin_from:
        run.made_of |= begin_from(recipe.begin_from, model)
    if (run.crops, run.cooldown) != (recipe.crops, recipe.cooldown):
        planned = dataclasses.replace(recipe, crops=run.crops, cooldown=run.cooldown)
        if run.step > planned.cooldown_start:
            if not plateau.exists():
                raise UsageError(f"{plateau} is gone, the state before the rate fell: crops and cooldown must stay")
            run = restore(plateau)
            run.settled = True
        if run.step > recipe.cooldown_start:
            raise UsageError(
                f"{state.parent} has seen {run.step * recipe.batch} crops at its full rate, which should now fall from "
                f"{recipe.cooldown_start * recipe.batch} on: give it more crops, or begin anew in another --out"
            )
        run.crops, run.cooldown, run.since_best = recipe.crops, recipe.cooldown, 0
        run.settled &= recipe.cooldown_start < recipe.steps  # of a rate that never falls, full rate is the result
    return run


def check_beginning(recipe: Recipe, run: checkpoint.Progress, state: Path) -> None:
    """Raise UsageError when a stored run began from other weights than those that its recipe now names.

    Weights that are gone are not missed: a run needs them only once.
    """
    if not (recipe.begin_from and recipe.begin_from.exists()):
        return
    if trained_hash(recipe.begin_from) != run.made_of.get("begun_from", {}).get("sha256"):
        raise UsageError(
            f"{state} is of a run that began from other weights than {recipe.begin_from}; put those back, or begin "
            "anew in another --out"
        )


def begin_from(path: Path, model: keras.Model) -> dict[str, Any]:
    """Give a model the weights of a `.keras` file; returns its hash and how much it had been trained.

    Raises UsageError when the file, or its card beside it, is missing or is of another network.
    """
    try:
        digest = trained_hash(path)
        parent = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["training"]
        about = {"sha256": digest, "crops_seen": parent["crops_seen"], "hours": parent["hours"]}
    except FileNotFoundError as error:
        raise UsageError(f"there is no {error.filename}, which training is to begin from") from error
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path.with_suffix('.json')} is no card of a trained model ({error})") from error
    about |= {key: parent[key] for key in ("shrunk_from",) if key in parent}
    networks.undeploy(load_trained(path), model)
    return {"begun_from": about}


def unchanging(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe must stay while a run goes on: all but its length, its pace and its texts."""
    values = {key: value for key, value in vars(recipe).items() if key not in FREE}
    fixed = {"recipe": json.loads(json.dumps(values)), "precision": keras.mixed_precision.dtype_policy().name}
    if recipe.teacher and recipe.taught:
        fixed["teacher_sha256"] = trained_hash(recipe.teacher)
    return fixed


def recipe_defaults() -> dict[str, Any]:
    """What a recipe that does not name one of the unchanging keys means by that."""
    defaults: dict[str, Any] = unchanging(Recipe("", "", "", manifests=(), crops=1))["recipe"]
    return defaults


def compiled(recipe: Recipe, task: Task) -> keras.Model:
    """The recipe's network with its optimizer and losses, all variables built."""
    model = networks.build(recipe.network, **recipe.options)
    chosen = optimizer(recipe.optimizer, recipe.learning_rate, recipe.weight_decay, recipe.ema)
    model.compile(optimizer=chosen, loss=task.losses(model))
    chosen.build(model.trainable_variables)
    return model


def deployable(recipe: Recipe) -> keras.Model:
    """The recipe's network as it is saved and converted: stock layers, float32, still without trained weights."""
    with in_float32():
        return networks.deployable(recipe.network, **recipe.options)


def average(model: keras.Model, averaged: keras.Model) -> None:
    """Give `averaged` the moving average of a model's weights, leaving the model as it is.

    Raises UsageError when either are no finite numbers.
    """
    current = model.get_weights()
    try:
        model.optimizer.finalize_variable_values(model.trainable_variables)
        networks.deploy(model, averaged)
    finally:
        model.set_weights(current)
    if not (is_finite(model) and is_finite(averaged)):
        raise UsageError(f"the weights are no finite numbers any more; {DIVERGED}")


def model_card(model: keras.Model, recipe: Recipe, task: Task, run: checkpoint.Progress, hours: float) -> Card:
    """The card of the trained model, before conversion fills in the rest."""
    parent = run.made_of.get("begun_from", {})
    return Card(
        name=recipe.name,
        version=recipe.version,
        description=recipe.description,
        kind=task.kind,
        labels=task.labels,
        crop=task.crop,
        input_side=recipe.input_side,
        output=next(iter(model.loss)),
        outputs={name: i for i, name in enumerate(sorted(model.output))},
        mirrored=recipe.mirrored,
        precision="float32",
        licence=recipe.licence,
        training={
            **run.made_of,
            "crops": recipe.crops,
            "cooldown": recipe.cooldown,
            "crops_seen": run.step * recipe.batch + parent.get("crops_seen", 0),
            "hours": round(hours + parent.get("hours", 0), 2),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
    )
