"""From pictures to a verdict: train, convert, calibrate, evaluate, scan, on a data set made here."""

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pictures
import pytest

pytest.importorskip("tensorflow")

from convert.gate import Limits
from convert.pipeline import GateError, Plan, convert_model
from edge_detect.card import read_packed
from edge_detect.errors import ExitCode
from edge_detect.manifest import REAL, read_manifest
from training.classifier import ClassifierTask
from training.classifier_figures import SECTIONS

RECIPE = """
name = "checks"
version = "1"
network = "edge"
manifests = ["{data}"]
crops = {crops}
input_side = 96
crop_sides = [64]
batch = 16
warmup = 320
ema = 0.9
ramp = 100000
evaluate_every = 640
"""

LOOSE = Limits(drop=0.5, mean_error=0.5, max_error=1, flips=1)
LOOSELY = ("--max-drop", 0.2, "--max-mean-error", 0.5, "--max-error", 1, "--max-flips", 1)
"""A network that has hardly begun to learn loses more than one that may ship."""


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return pictures.write(tmp_path_factory.mktemp("checks"), count=60)


@pytest.fixture(scope="module")
def recipe(data, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "checks.toml"
    path.write_text(RECIPE.format(data=data, crops=2560))
    return path


def python(module: str, *arguments, timeout: int = 300) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(recipe, tmp_path_factory) -> Path:
    """A finished training run."""
    folder = tmp_path_factory.mktemp("run") / "checks"
    done = python("training", "fit", recipe, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder / 'best.keras'}\n"
    return folder


@pytest.fixture(scope="module")
def released(run, data, tmp_path_factory) -> Path:
    """The converted, calibrated and evaluated model's folder."""
    folder = tmp_path_factory.mktemp("models") / "checks"
    folder.mkdir()
    (folder / "README.md").write_text("".join(f"<!-- {name} --><!-- /{name} -->\n" for name in SECTIONS))
    (folder / "MORE.md").write_text("<!-- overview --><!-- /overview -->\n")
    models = (folder / "checks-int8.tflite", folder / "checks-float32.tflite")
    for module, *arguments in (
        ("convert", run / "best.keras", "--data", data, "--out", folder, "--calibrate", 40, *LOOSELY),
        ("training", "calibrate", *models, "--data", data),
        ("training", "evaluate", *models, "--data", data, "--out", folder, "--readme", folder / "MORE.md"),
    ):
        done = python(module, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


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


def test_going_on_from_a_checkpoint_is_exactly_going_on(recipe, data, tmp_path):
    import keras

    from training import checkpoint
    from training.fit import Task, begin, compiled
    from training.recipe import read_recipe

    plan = read_recipe(recipe)
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


def test_both_precisions_are_released_with_a_full_card(released, data):
    for precision in ("int8", "float32"):
        flatbuffer, card = read_packed(released / f"checks-{precision}.tflite")
        assert card.precision == precision
        assert card.outputs.keys() == {"logit", "patches"}
        assert card.calibration.scale > 0
        assert 0 < card.thresholds.real <= card.thresholds.fake < 1
        assert list(card.thresholds.false_alarms) == ["0.05", "0.01", "0.001"]
        assert card.thresholds.at(0.01) == card.thresholds
        assert card.thresholds.reals == sum(s.split == "val" and s.label == REAL for s in read_manifest(data))
        assert card.conversion["gate"]["pictures"] == sum(s.split == "val" for s in read_manifest(data))
        assert card.metrics["test"]["auc"] > 0.9
    assert len(flatbuffer) > 3.5 * len(read_packed(released / "checks-int8.tflite")[0])
    assert read_packed(released / "checks-int8.tflite")[1].conversion["representative"]["pictures"] == 40


def test_the_int8_model_takes_pixels_as_they_are(released):
    from ai_edge_litert.interpreter import Interpreter

    flatbuffer, _ = read_packed(released / "checks-int8.tflite")
    (given,) = Interpreter(model_content=flatbuffer).get_input_details()
    assert (given["dtype"], given["quantization"], given["shape"].tolist()) == (np.uint8, (1.0, 0), [1, 96, 96, 3])


def test_int8_and_float32_agree(released, data):
    from edge_detect import Detector
    from edge_detect.network import Network
    from training.calibrate import raw_logits

    samples = [sample for sample in read_manifest(data) if sample.split != "train"]
    networks = (Network.load(released / f"checks-{precision}.tflite") for precision in ("int8", "float32"))
    one, two = (raw_logits(Detector(network), samples) for network in networks)
    assert np.corrcoef(one, two)[0, 1] > 0.99


def test_the_figures_are_written_where_people_read_them(released):
    path = released / "metrics.json"
    entry = json.loads(path.read_text(), parse_constant=pytest.fail)["checks-int8"]
    found = entry["splits"]["test"]
    card, more = (released / "README.md").read_text(), (released / "MORE.md").read_text()
    assert f"| **all** | {found['all']['real']} | {found['all']['fake']} | {found['all']['auc']:.3f} (" in card
    assert f"| test: all | {found['all']['auc']:.3f} |" in card
    assert f"| JPEG 70 | {found['robustness']['JPEG 70']['auc']:.3f} |" in card
    assert f"| test | {found['calibration']['ece']:.3f} |" in card
    assert f" {found['all']['auc']:.3f} |" in more
    assert "bins" not in found["calibration"]
    assert "intervals" not in read_packed(released / "checks-int8.tflite")[1].metrics["test"]


def test_what_quantization_cost_is_written_of_the_int8_file_alone(released):
    metrics = json.loads((released / "metrics.json").read_text())
    assert metrics["checks-int8"]["against_float32"]["float32"] == "checks-float32"
    assert metrics["checks-float32"]["against_float32"] is None


def test_conversion_is_deterministic(run, data, tmp_path):
    plan = Plan(("int8",), (data,), count=20, limits=LOOSE)
    one, two = (convert_model(run / "best.keras", plan, tmp_path / name)[0] for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_model_that_loses_too_much_is_not_written(run, data, tmp_path):
    plan = Plan(("float32", "int8"), (data,), count=20, limits=Limits(drop=-1.0))
    with pytest.raises(GateError, match="nothing was written"):
        convert_model(run / "best.keras", plan, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_representative_dataset_is_balanced_and_seeded(data):
    from convert.representative import choose

    samples = read_manifest(data)
    doubled = samples + [
        dataclasses.replace(s, source="second") for s in samples if s.label == REAL and s.path.stem < "010"
    ]
    one, two, other = (choose(doubled, 30, 32, seed) for seed in (1, 1, 2))
    assert one.sha256 == two.sha256 != other.sha256
    assert one.pixels.shape == (30, 32, 32, 3)
    assert one.counts == {"real": 15, "fake": 15}
    assert choose(samples, 30, 32, 1).complaints() == []
    assert one.complaints() == ["1 of 30 pictures are repeated"]  # the second source has the first one's


def test_an_unknown_recipe_ends_with_2(run, data, tmp_path):
    done = python("convert", run / "best.keras", "--data", data, "--out", tmp_path, "--to", "int4")
    assert done.returncode == ExitCode.USAGE
    assert "there are float32, float16, dynamic, int8" in done.stderr
    assert list(tmp_path.iterdir()) == []
