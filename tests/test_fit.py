"""Training by its command: what a run leaves, how it is stopped, goes on, and begins from another."""

import dataclasses
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from checks import history, python

pytest.importorskip("tensorflow")

import keras

from edge_detect.errors import ExitCode, UsageError
from edge_detect.manifest import read_manifest
from training import networks
from training.classifier import ClassifierTask
from training.fit import fit
from training.history import History
from training.recipe import read_recipe


def test_training_learns_and_writes_its_history(run):
    rows = history(run)
    assert [int(row["crops"]) for row in rows] == [640, 1280, 1920, 2560]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert float(rows[-1]["score"]) > 0.9
    assert (run / "history.png").read_bytes().startswith(b"\x89PNG")


def test_the_trained_card_says_what_the_model_was_made_of(run):
    card = json.loads((run / "best.json").read_text())
    assert card["training"]["recipe"]["seed"] == 1
    assert len(card["training"]["data_sha256"]) == 64
    assert card["input_side"] == 96


def test_a_finished_run_is_not_overwritten(recipe, run):
    done = python("training", "fit", recipe, "--out", run)
    assert done.returncode == ExitCode.USAGE
    assert "--resume" in done.stderr


def test_a_killed_run_goes_on(recipe, tmp_path):
    folder = tmp_path / "killed"
    command = [sys.executable, "-m", "training", "fit", str(recipe), "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.npz").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.kill()
    process.wait(60)
    done = python("training", "fit", recipe, "--out", folder, "--resume")
    assert done.returncode == 0, done.stderr
    assert [row["crops"] for row in history(folder)] == ["640", "1280", "1920", "2560"]


def test_hours_since_the_last_validation_are_kept_with_the_state(run, tmp_path):
    with np.load(run / "checkpoint.npz") as stored:
        spent = json.loads(str(stored["progress"]))["hours"]
    assert spent == pytest.approx(float(history(run)[-1]["hours"]), abs=0.01)
    assert spent > 0
    assert History(tmp_path / "history.csv", 0, spent).hours >= spent


def test_ctrl_c_saves_the_state_and_ends_with_130(recipe, tmp_path):
    folder = tmp_path / "interrupted"
    command = [sys.executable, "-m", "training", "fit", str(recipe), "--out", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (folder / "history.csv").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(3)  # the worker processes are up, or just about to be
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=120)
    assert process.returncode == ExitCode.INTERRUPTED, errors.decode()
    assert b"Traceback" not in errors


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_going_on_from_a_checkpoint_is_exactly_going_on(optimizer, recipe, data, tmp_path):
    import keras

    from training import checkpoint
    from training.fit import Task, begin, compiled

    plan = dataclasses.replace(read_recipe(recipe), optimizer=optimizer)
    rng = np.random.default_rng(0)
    batches = [
        (rng.integers(0, 256, (8, 64, 64, 3), np.uint8), {"logit": rng.integers(0, 2, (8, 1)).astype("float32")})
        for _ in range(12)
    ]
    task: Task = ClassifierTask(plan)

    def train(model, part):
        for pixels, answers in part:
            model.train_on_batch(pixels, answers)

    def variables(model):
        return [np.array(variable) for variable in (*model.trainable_variables, *model.optimizer.variables)]

    state, nowhere = tmp_path / "state.npz", tmp_path / "none.npz"
    keras.utils.set_random_seed(1)
    whole = compiled(plan, task)
    run = begin(plan, task, whole, nowhere, nowhere)
    train(whole, batches[:6])
    checkpoint.save(state, whole, run)
    train(whole, batches[6:])
    keras.utils.set_random_seed(2)
    resumed = compiled(plan, task)
    begin(plan, task, resumed, state, nowhere)
    train(resumed, batches[6:])
    for one, two in zip(variables(whole), variables(resumed), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


def test_a_run_does_not_go_on_under_another_recipe(run, recipe, tmp_path):
    changed = tmp_path / "changed.toml"
    changed.write_text(recipe.read_text() + "learning_rate = 0.5\n")
    before = (run / "best.json").read_bytes()
    done = python("training", "fit", changed, "--out", run, "--resume")
    assert done.returncode == ExitCode.USAGE
    assert "other recipe" in done.stderr
    assert (run / "best.json").read_bytes() == before


def test_a_run_from_before_a_key_of_recipes_goes_on(run, recipe, tmp_path):
    older = shutil.copytree(run, tmp_path / "older")
    with np.load(older / "checkpoint.npz") as stored:
        arrays = dict(stored)
    progress = json.loads(str(arrays["progress"]))
    del progress["made_of"]["recipe"]["zoomed"]
    np.savez(older / "checkpoint.npz", **{**arrays, "progress": json.dumps(progress)})
    done = python("training", "fit", recipe, "--out", older, "--resume")
    assert done.returncode == 0, done.stderr
    zoomed = tmp_path / "zoomed.toml"
    zoomed.write_text(recipe.read_text() + "zoomed = 0.5\n")
    assert "other recipe" in python("training", "fit", zoomed, "--out", older, "--resume").stderr


def test_a_finished_run_is_prolonged_from_its_plateau(run, recipe, tmp_path):
    folder = tmp_path / "longer"
    shutil.copytree(run, folder)
    longer = tmp_path / "longer.toml"
    longer.write_text(recipe.read_text().replace("crops = 2560", "crops = 3840"))
    done = python("training", "fit", longer, "--out", folder, "--resume")
    assert done.returncode == 0, done.stderr
    rows = history(folder)
    assert [row["crops"] for row in rows] == ["640", "1280", "1920", "2560", "3200", "3840"]
    assert rows[3]["learning_rate"] == "1.00e-03"  # no longer part of a cooldown


def test_training_begins_from_a_trained_model(run, recipe, tmp_path):
    further = tmp_path / "further.toml"
    begin = f'begin_from = "{run / "best.keras"}"\n'
    further.write_text(begin + recipe.read_text().replace("crops = 2560", "crops = 640"))
    done = python("training", "fit", further, "--out", tmp_path / "further")
    assert done.returncode == 0, done.stderr
    parent, child = (json.loads((folder / "best.json").read_text()) for folder in (run, tmp_path / "further"))
    assert float(history(tmp_path / "further")[0]["loss"]) < float(history(run)[0]["loss"]) - 0.05
    assert child["training"]["crops_seen"] == parent["training"]["crops_seen"] + 640


@pytest.fixture
def unchanged():
    """What `fit` sets for its process is as it was afterwards."""
    policy = keras.mixed_precision.dtype_policy()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    keras.mixed_precision.set_dtype_policy(policy)
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("unchanged")
def test_a_run_does_not_go_on_from_other_weights_than_it_began_with(run, recipe, tmp_path):
    shutil.copytree(run, tmp_path / "parent")
    best = tmp_path / "parent" / "best.keras"
    further = tmp_path / "further.toml"
    begin = f'begin_from = "{best}"\n'
    further.write_text(begin + recipe.read_text().replace("crops = 2560", "crops = 640"))
    plan, out = read_recipe(further), tmp_path / "further"
    fit(plan, out)
    model = keras.models.load_model(best, compile=False)
    model.set_weights([2 * weights for weights in model.get_weights()])
    model.save(best)
    with pytest.raises(UsageError, match="began from other weights"):
        fit(plan, out, resume=True)
    best.unlink()
    fit(plan, out, resume=True)  # they are needed only once


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("late", [False, True])
def test_a_loss_that_is_no_number_ends_the_run_and_what_is_stored_stays(run, recipe, tmp_path, late):
    """Also where it is the step before a validation that makes weights no numbers."""

    def step(model, *_, **__):
        if late:
            model.set_weights([math.nan * weights for weights in model.get_weights()])
        return {"loss": 1.0 if late else math.nan}

    out = tmp_path / "run"
    shutil.copytree(run, out)
    before = {path.name: path.read_bytes() for path in out.iterdir() if path.suffix in (".npz", ".keras")}
    longer = dataclasses.replace(read_recipe(recipe), crops=3840, patience=99)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "train_on_batch", step)
        with pytest.raises(UsageError, match=r"(the loss is nan|no finite numbers any more); lower the learning rate"):
            fit(longer, out, resume=True)
    assert {name: (out / name).read_bytes() for name in before} == before


def test_the_result_is_the_best_state_since_the_rate_began_to_fall(run, recipe, tmp_path):
    still = tmp_path / "still.toml"  # nothing is learnt at this rate: the first state would be as good as any
    begin = f'begin_from = "{run / "best.keras"}"\nlearning_rate = 0.0\ncooldown = 0.5\n'
    still.write_text(begin + recipe.read_text())
    done = python("training", "fit", still, "--out", tmp_path / "still")
    assert done.returncode == 0, done.stderr
    rows = history(tmp_path / "still")
    late = max(rows[len(rows) // 2 :], key=lambda row: float(row["score"]))
    parent, child = (json.loads((folder / "best.json").read_text()) for folder in (run, tmp_path / "still"))
    seen = child["training"]["crops_seen"] - parent["training"]["crops_seen"]
    assert seen == int(late["crops"])
    assert float(rows[0]["score"]) >= float(late["score"])
    assert child["training"]["begun_from"]["crops_seen"] == parent["training"]["crops_seen"]


def test_training_does_not_begin_from_a_model_that_is_not_there(recipe, tmp_path):
    further = tmp_path / "further.toml"
    further.write_text('begin_from = "no/such.keras"\n' + recipe.read_text())
    done = python("training", "fit", further, "--out", tmp_path / "out")
    assert done.returncode == ExitCode.USAGE
    assert "there is no no/such.keras" in done.stderr


def test_one_class_in_val_is_refused_before_training(data, recipe, tmp_path):
    rows = ["file,label,source,method,group,split"]
    for sample in read_manifest(data):
        label = "fake" if sample.label else "real"
        split = "train" if sample.label else sample.split
        rows.append(f"{label}/{sample.path.name},{label},x,x,{label}{sample.path.stem},{split}")
    shutil.copytree(data, tmp_path / "data")
    (tmp_path / "data" / "labels.csv").write_text("\n".join(rows) + "\n")
    done = python("training", "fit", recipe, "--data", tmp_path / "data", "--out", tmp_path / "out")
    assert done.returncode == ExitCode.USAGE
    assert "fake pictures in the split 'val'" in done.stderr


def test_patches_learn_where_there_are_any_and_only_there(recipe):
    plan = read_recipe(recipe)
    pooled, plain = networks.build("edge", pooling="features"), networks.build("serenity")
    with pytest.raises(UsageError, match="give the recipe one"):
        ClassifierTask(plan).losses(pooled)
    weighed = ClassifierTask(dataclasses.replace(plan, patch_weight=0.5))
    assert weighed.losses(pooled).keys() == {"logit", "patches"}
    with pytest.raises(UsageError, match="leave patch_weight out"):
        weighed.losses(plain)
