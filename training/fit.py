"""Training, top to bottom: feed, step, validate, keep the best, go on where it stopped."""

import json
import shutil
import signal
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from edge_detect.card import Card
from edge_detect.errors import UsageError
from training import checkpoint, feed, networks
from training.classifier import ClassifierTask
from training.finding import FinderTask
from training.history import History, plot
from training.recipe import Recipe

Task = ClassifierTask | FinderTask


def fit(recipe: Recipe, out: Path, *, resume: bool = False) -> Path:
    """Train a recipe into the folder `out` and return the best model's file, `out/best.keras`.

    Writes checkpoint.npz (all state), best.keras (averaged weights in stock layers) with its card best.json,
    history.csv and history.png. A run that was interrupted goes on with `resume`; a finished one is prolonged by a
    recipe with more crops. Raises UsageError when `out` holds a run and `resume` is not given, KeyboardInterrupt
    after the state was saved.
    """
    state = out / "checkpoint.npz"
    if state.exists() and not resume:
        raise UsageError(f"{out} already holds a run: go on with --resume, or choose another --out")
    task = FinderTask(recipe) if recipe.network == "finder" else ClassifierTask(recipe)
    out.mkdir(parents=True, exist_ok=True)

    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if has_fast_bfloat16() else "float32")
    model = compiled(recipe, task)
    trained = list(model.loss)
    step, best, since_best = checkpoint.load(state, model) if state.exists() else (0, 0.0, 0)
    history = History(out / "history.csv", step * recipe.batch)
    card = model_card(model, recipe, task)
    (out / "best.json").write_text(json.dumps(card.to_dict(), indent=2) + "\n", encoding="utf-8")

    every = max(1, recipe.evaluate_every // recipe.batch)
    stream = feed.batches(task.maker, step)
    progress = tqdm(total=recipe.steps * recipe.batch, initial=step * recipe.batch, unit=" crops", disable=None)
    losses: list[float] = []
    stop = StopRequest()
    try:
        while step < recipe.steps and since_best < recipe.patience and not stop.asked:
            pixels, answers = next(stream)
            model.optimizer.learning_rate = recipe.rate(step)
            wanted = {name: answers[name] for name in trained}
            losses.append(float(model.train_on_batch(pixels, wanted, return_dict=True)["loss"]))
            step += 1
            progress.update(recipe.batch)
            if step % every and step != recipe.steps:
                continue
            averaged = averaged_model(model, recipe)
            score, details = task.validate(averaged)
            since_best += 1
            if score > best:
                best, since_best = score, 0
                save_model(averaged, out / "best.keras")
            history.add(step * recipe.batch, float(np.mean(losses)), score, details, recipe.rate(step))
            plot(history.path, out / "history.png")
            checkpoint.save(state, model, step, best, since_best)
            progress.set_postfix(loss=f"{np.mean(losses):.3f}", score=f"{score:.4f}", best=f"{best:.4f}")
            losses.clear()
    finally:
        progress.close()
        stream.close()
    if stop.asked:
        checkpoint.save(state, model, step, best, since_best)
        raise KeyboardInterrupt
    return out / "best.keras"


def compiled(recipe: Recipe, task: Task) -> keras.Model:
    """The recipe's network with its optimizer and losses, all variables built."""
    model = networks.build(recipe.network, **recipe.options)
    optimizer = keras.optimizers.AdamW(
        recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=1.0, use_ema=True, ema_momentum=recipe.ema
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
    model.compile(optimizer=optimizer, loss=task.losses(model))
    optimizer.build(model.trainable_variables)
    return model


def averaged_model(model: keras.Model, recipe: Recipe) -> keras.Model:
    """A float32 copy in stock layers that carries the moving average of the weights."""
    current = model.get_weights()
    model.optimizer.finalize_variable_values(model.trainable_variables)
    policy = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy("float32")
    try:
        return networks.deployable(model, **recipe.options)
    finally:
        keras.mixed_precision.set_dtype_policy(policy)
        model.set_weights(current)


def save_model(model: keras.Model, path: Path) -> None:
    """Save a model aside and rename it into place."""
    aside = path.with_name("aside.keras")
    model.save(aside)
    shutil.move(aside, path)


def model_card(model: keras.Model, recipe: Recipe, task: Task) -> Card:
    """The card of the trained model, before conversion fills in the rest."""
    skipped = ("name", "version", "description", "licence", "manifests", "scenes")
    return Card(
        name=recipe.name,
        version=recipe.version,
        description=recipe.description,
        input_side=recipe.input_side,
        kind=task.kind,
        output=next(iter(model.loss)),
        outputs={name: i for i, name in enumerate(sorted(model.output))},
        precision="float32",
        licence=recipe.licence,
        training={
            "recipe": {key: value for key, value in vars(recipe).items() if key not in skipped},
            **task.provenance(),
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
        },
    )


def has_fast_bfloat16() -> bool:
    """Whether mixed_bfloat16 pays here: a GPU, or a CPU with matrix units for it."""
    if keras.backend.backend() != "tensorflow":
        return True
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


class StopRequest:
    """Ctrl-C or SIGTERM: finish the step, save, leave; a second one leaves at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _frame: object) -> None:
        self.asked = True
        signal.signal(number, signal.default_int_handler)
