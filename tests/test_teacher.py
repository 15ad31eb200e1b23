"""Training that listens to a trained model as well."""

import dataclasses
import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from checks import python

pytest.importorskip("tensorflow")

from edge_detect.errors import ExitCode, UsageError
from training.classifier import ClassifierTask
from training.fit import lessons
from training.recipe import read_recipe
from training.teacher import Teacher
from training.trained import load_trained, trained_hash

PIXELS = np.random.default_rng(1).integers(0, 256, (4, 96, 96, 3), np.uint8)
LABELS = np.array([[0.0], [1.0], [1.0], [0.0]], np.float32)


def sigmoid(logits):
    return 1 / (1 + np.exp(-np.asarray(logits)))


def test_the_teacher_counts_by_its_share(run):
    said = load_trained(run / "best.keras").predict_on_batch(PIXELS)
    expected = 0.7 * LABELS + 0.3 * sigmoid(said["logit"])
    mixed = Teacher(run / "best.keras", 0.3).mixed(PIXELS, {"logit": LABELS, "probability": LABELS})
    for name in ("logit", "probability"):
        assert mixed[name] == pytest.approx(expected, abs=1e-4)


def test_of_patches_that_nothing_is_known_of_the_teacher_alone_tells(run):
    said = load_trained(run / "best.keras").predict_on_batch(PIXELS)["patches"]
    known = np.where(np.arange(4)[:, None, None, None] < 2, -1.0, 1.0) * np.ones_like(said)
    mixed = Teacher(run / "best.keras", 0.3).mixed(PIXELS, {"patches": known})["patches"]
    assert mixed[:2] == pytest.approx(sigmoid(said[:2]), abs=1e-4)
    assert mixed[2:] == pytest.approx(0.7 + 0.3 * sigmoid(said[2:]), abs=1e-4)


def test_what_a_run_is_fed_is_neither_real_nor_fake_for_sure(run, recipe):
    plan = dataclasses.replace(read_recipe(recipe), teacher=run / "best.keras", taught=0.3)
    stream = lessons(plan, ClassifierTask(plan), 0)
    _, answers = next(stream)
    stream.close()
    assert ((answers["logit"] > 0) & (answers["logit"] < 1)).all()
    finder = SimpleNamespace(kind="finder", maker=None)
    with pytest.raises(UsageError, match="a finder has no teacher"):
        lessons(plan, finder, 0)


def test_a_run_says_who_taught_it_and_does_not_go_on_under_another(run, recipe, tmp_path):
    taught, teacher = tmp_path / "taught.toml", tmp_path / "teacher"
    teacher.mkdir()
    for name in ("best.keras", "best.json"):
        shutil.copy(run / name, teacher)
    taught.write_text(f'teacher = "{teacher / "best.keras"}"\n' + recipe.read_text())
    done = python("training", "fit", taught, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "run" / "best.json").read_text())
    assert card["training"]["teacher_sha256"] == trained_hash(run / "best.keras")
    shutil.copy(tmp_path / "run" / "best.keras", teacher)
    done = python("training", "fit", taught, "--out", tmp_path / "run", "--resume")
    assert done.returncode == ExitCode.USAGE
    assert "other teacher_sha256" in done.stderr
    done = python("training", "fit", recipe, "--out", tmp_path / "run", "--resume")  # nor under none
    assert "other teacher_sha256" in done.stderr


def test_a_teacher_that_is_missing_or_none_is_refused(run, recipe, tmp_path):
    taught = tmp_path / "taught.toml"
    taught.write_text('teacher = "no/such.keras"\n' + recipe.read_text())
    done = python("training", "fit", taught, "--out", tmp_path / "run")
    assert done.returncode == ExitCode.USAGE
    assert "there is no no/such.keras" in done.stderr
    shutil.copy(run / "best.keras", tmp_path)
    with pytest.raises(UsageError, match="could teach"):
        Teacher(tmp_path / "best.keras", 0.5)
    with pytest.raises(UsageError, match="from 0 to 1, not 60"):
        Teacher(run / "best.keras", 60)
