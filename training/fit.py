"""Training, top to bottom: feed, step, validate, keep the best, go on where it stopped."""

import csv
import json
import shutil
import signal
import time
from pathlib import Path

import cv2
import keras
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from edge_detect import image
from edge_detect.card import Card
from edge_detect.errors import UsageError
from edge_detect.manifest import Sample, data_hash, read_manifests
from training import checkpoint, feed, metrics, networks
from training.plots import plot_history
from training.recipe import Recipe

HISTORY_COLUMNS = ("crops", "hours", "loss", "val_auc", "val_auc_by_source", "learning_rate")


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
    out.mkdir(parents=True, exist_ok=True)
    training, validation = (of_split(read_manifests(recipe.manifests), split) for split in ("train", "val"))
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if has_fast_bfloat16() else "float32")
    model = compiled(recipe)
    step, best, since_best = checkpoint.load(state, model) if state.exists() else (0, 0.0, 0)
    history = History(out / "history.csv", step * recipe.batch)
    card = model_card(model, recipe, provenance(recipe, training, validation))
    (out / "best.json").write_text(json.dumps(card.to_dict(), indent=2) + "\n", encoding="utf-8")

    pictures = load_pictures(validation, recipe.input_side)
    every = max(1, recipe.evaluate_every // recipe.batch)
    options = feed.FeedOptions(
        recipe.seed, recipe.batch, recipe.input_side, recipe.crop_sides, recipe.ramp, recipe.strength, recipe.balance
    )
    stream = feed.batches(training, options, step)
    progress = tqdm(total=recipe.steps * recipe.batch, initial=step * recipe.batch, unit=" crops", disable=None)
    losses: list[float] = []
    stop = StopRequest()
    try:
        while step < recipe.steps and since_best < recipe.patience and not stop.asked:
            pixels, labels = next(stream)
            model.optimizer.learning_rate = recipe.rate(step)
            losses.append(float(model.train_on_batch(pixels, {output_name(model): labels})))
            step += 1
            progress.update(recipe.batch)
            if step % every and step != recipe.steps:
                continue
            averaged = averaged_model(model, recipe)
            scores = predict(averaged, pictures)
            value = metrics.auc([sample.label for sample in validation], scores)
            since_best += 1
            if value > best:
                best, since_best = value, 0
                save_model(averaged, out / "best.keras")
            history.add(
                step * recipe.batch,
                float(np.mean(losses)),
                value,
                metrics.auc_by_source(validation, scores),
                recipe.rate(step),
            )
            plot_history(history.path, out / "history.png")
            checkpoint.save(state, model, step, best, since_best)
            progress.set_postfix(loss=f"{np.mean(losses):.3f}", val_auc=f"{value:.4f}", best=f"{best:.4f}")
            losses.clear()
    finally:
        progress.close()
        stream.close()
    if stop.asked:
        checkpoint.save(state, model, step, best, since_best)
        raise KeyboardInterrupt
    return out / "best.keras"


def of_split(samples: list[Sample], split: str) -> list[Sample]:
    """The samples of one split. Raises UsageError when it is empty."""
    chosen = [sample for sample in samples if sample.split == split]
    if not chosen:
        raise UsageError(f"training needs pictures in the split {split!r}")
    return chosen


def compiled(recipe: Recipe) -> keras.Model:
    """The recipe's network with its optimizer and loss, all variables built."""
    model = networks.build(recipe.network, **recipe.options)
    optimizer = keras.optimizers.AdamW(
        recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=1.0, use_ema=True, ema_momentum=recipe.ema
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gain"])
    loss = keras.losses.BinaryCrossentropy(from_logits=output_name(model) == "logit", label_smoothing=recipe.smoothing)
    model.compile(optimizer=optimizer, loss={output_name(model): loss})
    optimizer.build(model.trainable_variables)
    return model


def output_name(model: keras.Model) -> str:
    """Which output is trained: "logit", or "probability" in a network that ends in a sigmoid."""
    return "logit" if "logit" in model.output else "probability"


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


def predict(model: keras.Model, pictures: NDArray[np.uint8], batch: int = 32) -> NDArray[np.float32]:
    """The trained output for pictures (n, side, side, 3), as shape (n,)."""
    name = output_name(model)
    parts = [np.asarray(model.predict_on_batch(pictures[i : i + batch])[name]) for i in range(0, len(pictures), batch)]
    return np.concatenate(parts)[:, 0]


def load_pictures(samples: list[Sample], side: int) -> NDArray[np.uint8]:
    """Whole pictures brought to side × side as at inference, (n, side, side, 3)."""
    pictures = (image.decode(sample.path.read_bytes()).pixels for sample in samples)
    return np.stack([image.resize(image.whole(picture), side) for picture in pictures])


def save_model(model: keras.Model, path: Path) -> None:
    """Save a model aside and rename it into place."""
    aside = path.with_name("aside.keras")
    model.save(aside)
    shutil.move(aside, path)


def model_card(model: keras.Model, recipe: Recipe, made_of: dict) -> Card:
    """The card of the trained model, before conversion fills in the rest."""
    return Card(
        name=recipe.name,
        version=recipe.version,
        description=recipe.description,
        input_side=recipe.input_side,
        output=output_name(model),
        outputs={name: i for i, name in enumerate(sorted(model.output))},
        precision="float32",
        licence=recipe.licence,
        training=made_of,
    )


def provenance(recipe: Recipe, training: list[Sample], validation: list[Sample]) -> dict:
    """What a model was made of: the recipe, the seed inside it, and the data by hash."""
    skipped = ("name", "version", "description", "licence", "manifests")
    values = {key: value for key, value in vars(recipe).items() if key not in skipped}
    return {
        "recipe": values,
        "data_sha256": data_hash(training + validation),
        "pictures": {"train": len(training), "val": len(validation)},
        "sources": sorted({sample.source for sample in training}),
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
    }


def has_fast_bfloat16() -> bool:
    """Whether mixed_bfloat16 pays here: a GPU, or a CPU with matrix units for it."""
    if keras.backend.backend() != "tensorflow":
        return True
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


class History:
    """history.csv: one row per validation; rows after the resumed step are dropped, hours are summed over runs."""

    def __init__(self, path: Path, crops: int) -> None:
        self.path = path
        rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="", encoding="utf-8") as file:
                rows = [row for row in csv.DictReader(file) if int(row["crops"]) <= crops]
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, HISTORY_COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
        self._started = time.monotonic() - 3600 * (float(rows[-1]["hours"]) if rows else 0.0)

    def add(self, crops: int, loss: float, value: float, by_source: dict[str, float], rate: float) -> None:
        """Append a row: crops seen, mean loss since the last row, AUC over all and per source, learning rate."""
        hours = (time.monotonic() - self._started) / 3600
        sources = " ".join(f"{source}={figure:.4f}" for source, figure in by_source.items())
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow((crops, f"{hours:.3f}", f"{loss:.4f}", f"{value:.4f}", sources, f"{rate:.2e}"))


class StopRequest:
    """Ctrl-C or SIGTERM: finish the step, save, leave; a second one leaves at once."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, _frame: object) -> None:
        self.asked = True
        signal.signal(number, signal.default_int_handler)


cv2.setNumThreads(1)
