"""How a training run is stopped, goes on, and is prolonged."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from checks import history, python
from conftest import interruptible

pytest.importorskip("tensorflow")

import keras

from edge_detect.errors import ExitCode, UsageError
from edge_detect.manifest import LABELS, read_manifest
from training import checkpoint
from training.classifier import ClassifierTask
from training.fit import Task, average, begin, compiled, deployable, fit
from training.history import History
from training.interrupt import StopRequest
from training.recipe import read_recipe


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
    earlier, last = (float(row["hours"]) for row in history(run)[-2:])
    assert spent == pytest.approx(last, abs=0.001)
    assert spent > earlier
    assert History(tmp_path / "history.csv", 0, spent).hours >= spent


def test_ctrl_c_saves_the_state_and_ends_with_130(recipe, tmp_path):
    folder = tmp_path / "interrupted"
    longer = tmp_path / "longer.toml"
    longer.write_text(recipe.read_text().replace("crops = 2560", "crops = 640_000"))
    command = [sys.executable, "-m", "training", "fit", str(longer), "--out", str(folder)]
    process = interruptible(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    deadline = time.monotonic() + 120
    while not (folder / "checkpoint.npz").exists():  # written after the first validation
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=120)
    assert process.returncode == ExitCode.INTERRUPTED, errors.decode()
    assert b"Traceback" not in errors
    with np.load(folder / "checkpoint.npz") as stored:
        left = json.loads(str(stored["progress"]))
    assert left["step"] >= left["validated"] == 40 * len(history(folder))
    assert len(left["losses"]) == left["step"] - left["validated"]


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("place", ["training.classifier.ClassifierTask.validate", "training.fit.save_model"])
def test_a_validation_that_was_interrupted_is_made_up_for(run, recipe, tmp_path, place, monkeypatch):
    """Also the last one, and also when the best model was about to be written."""

    def interrupted(*_):
        raise KeyboardInterrupt

    plan = dataclasses.replace(read_recipe(recipe), crops=640)
    with monkeypatch.context() as patch:
        patch.setattr(place, interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(plan, tmp_path)
    assert not (tmp_path / "best.keras").exists()
    best = fit(plan, tmp_path, resume=True)
    assert keras.models.load_model(best, compile=False).name == "edge"
    (row,) = history(tmp_path)
    assert (row["crops"], float(row["loss"])) == ("640", pytest.approx(float(history(run)[0]["loss"]), abs=0.05))


@pytest.mark.usefixtures("unchanged")
def test_averaging_that_is_interrupted_leaves_the_weights(recipe, monkeypatch):
    plan = read_recipe(recipe)
    model, averaged = compiled(plan, ClassifierTask(plan)), deployable(plan)
    before = model.get_weights()

    def interrupted(*_):
        model.set_weights([0 * weights for weights in before])
        raise KeyboardInterrupt

    monkeypatch.setattr("training.networks.deploy", interrupted)
    with pytest.raises(KeyboardInterrupt):
        average(model, averaged)
    assert all((one == two).all() for one, two in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_going_on_from_a_checkpoint_is_exactly_going_on(optimizer, recipe, data, tmp_path):
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
    del progress["made_of"]["recipe"]["zoomed"], progress["made_of"]["samples_sha256"]
    np.savez(older / "checkpoint.npz", **{**arrays, "progress": json.dumps(progress)})
    done = python("training", "fit", recipe, "--out", older, "--resume")
    assert done.returncode == 0, done.stderr
    zoomed = tmp_path / "zoomed.toml"
    zoomed.write_text(recipe.read_text() + "zoomed = 0.5\n")
    assert "other recipe" in python("training", "fit", zoomed, "--out", older, "--resume").stderr


def test_a_run_goes_on_with_other_pictures_only_when_asked(run, recipe, data, tmp_path):
    """Pictures in other groups are others, too; what it learnt from before, and how, stays in its card."""
    folder = shutil.copytree(run, tmp_path / "run")
    other = shutil.copytree(data, tmp_path / "pictures")
    rows = ["file,label,source,method,group,split"]
    rows += [
        f"{one.path.relative_to(data)},{LABELS[one.label]},{one.source},{one.method},other-{one.group},{one.split}"
        for one in read_manifest(data)
    ]
    (other / "labels.csv").write_text("\n".join(rows) + "\n")
    longer = tmp_path / "longer.toml"
    longer.write_text(recipe.read_text().replace("crops = 2560", "crops = 3840") + 'partial = ["elsewhere"]\n')
    command = ("training", "fit", longer, "--data", other, "--out", folder, "--resume")
    done = python(*command)
    assert done.returncode == ExitCode.USAGE
    assert "samples_sha256" in done.stderr
    assert "--other-pictures" in done.stderr
    done = python(*command, "--other-pictures")
    assert done.returncode == 0, done.stderr
    before, after = (json.loads((place / "best.json").read_text())["training"] for place in (run, folder))
    (earlier,) = after["earlier"]
    assert earlier["samples_sha256"] == before["samples_sha256"] != after["samples_sha256"]
    assert earlier["until_crops"] == 2048  # the plateau, from which it was prolonged
    assert (earlier["partial"], after["recipe"]["partial"]) == ([], ["elsewhere"])


def test_a_finder_goes_on_with_other_crops_only_when_asked(tmp_path):
    def progress(crops):
        recipe = {"batch": 16, "partial": [], "favoured": {}}
        return checkpoint.Progress({"recipe": recipe, "data_sha256": "scenes", "crops_sha256": crops}, 640, 0.2)

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd")
    checkpoint.save(tmp_path / "state.npz", model, progress("one"))
    with pytest.raises(UsageError, match=r"other crops_sha256.*--other-pictures"):
        checkpoint.load(tmp_path / "state.npz", model, progress("two"), {})
    found = checkpoint.load(tmp_path / "state.npz", model, progress("two"), {}, other_pictures=True).made_of
    assert (found["crops_sha256"], found["earlier"][0]["crops_sha256"]) == ("two", "one")


def test_a_run_of_another_recipe_stays_so_whatever_its_pictures(run, recipe, tmp_path):
    changed = tmp_path / "changed.toml"
    changed.write_text(recipe.read_text() + "learning_rate = 0.5\n")
    done = python("training", "fit", changed, "--out", run, "--resume", "--other-pictures")
    assert done.returncode == ExitCode.USAGE
    assert "other recipe" in done.stderr
    assert "--other-pictures" not in done.stderr


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
    assert json.loads((folder / "best.json").read_text())["training"]["crops"] == 3840


@pytest.mark.usefixtures("unchanged")
def test_a_finished_run_of_another_pace_goes_on_from_its_plateau(run, recipe, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    plan = dataclasses.replace(read_recipe(recipe), crops=3840, cooldown=0.0, keep_last=True)
    fit(plan, folder, resume=True)
    assert {row["learning_rate"] for row in history(folder)} == {"1.00e-03"}  # none is of the cooldown any more
    assert json.loads((folder / "best.json").read_text())["training"]["cooldown"] == 0.0


@pytest.mark.usefixtures("unchanged")
@pytest.mark.parametrize("keep_last", [False, True])
def test_no_state_at_full_rate_replaces_the_result_of_a_finished_run(run, recipe, tmp_path, keep_last):
    folder = shutil.copytree(run, tmp_path / "run")
    with np.load(folder / "plateau.npz") as stored:
        arrays = dict(stored)
    progress = {**json.loads(str(arrays["progress"])), "best": 0.0}  # so that any state is better
    np.savez(folder / "plateau.npz", **{**arrays, "progress": json.dumps(progress)})
    before = {name: (folder / name).read_bytes() for name in ("best.keras", "best.json")}
    plan = dataclasses.replace(read_recipe(recipe), crops=64_000, patience=1, keep_last=keep_last)
    fit(plan, folder, resume=True)
    assert {row["learning_rate"] for row in history(folder)} == {"1.00e-03"}
    assert len(history(folder)) > 3
    assert {name: (folder / name).read_bytes() for name in before} == before


@pytest.mark.usefixtures("unchanged")
def test_a_run_does_not_go_on_under_a_plan_that_lies_behind_it(run, recipe, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for changes in ({"crops": 1920}, {"cooldown": 0.9}):
        with pytest.raises(UsageError, match=r"2048 crops at its full rate, which should now fall from \d+ on"):
            fit(dataclasses.replace(read_recipe(recipe), **changes), folder, resume=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.usefixtures("unchanged")
def test_without_its_plateau_a_finished_run_is_not_prolonged(run, recipe, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "plateau.npz").unlink()
    with pytest.raises(UsageError, match=r"plateau\.npz is gone"):
        fit(dataclasses.replace(read_recipe(recipe), crops=3840), folder, resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_a_model_without_the_state_of_its_run_is_not_replaced(run, recipe, tmp_path, resume):
    folder = tmp_path / "mean"
    folder.mkdir()
    shutil.copy(run / "best.keras", folder)
    with pytest.raises(UsageError, match="holds a trained model already"):
        fit(read_recipe(recipe), folder, resume=resume)
    assert [path.name for path in folder.iterdir()] == ["best.keras"]


def test_a_request_to_stop_gives_the_signals_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopRequest() as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


@pytest.mark.usefixtures("unchanged")
def test_a_finished_run_whose_model_is_gone_does_not_pretend(run, recipe, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    (folder / "best.keras").unlink()
    with pytest.raises(UsageError, match="begin anew in another --out"):
        fit(read_recipe(recipe), folder, resume=True)
