import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny
import zoo

from edge_detect.errors import UsageError
from training import experiments

PLAN = """
question = "Does it help?"
recipe = "{recipe}"
seeds = [1, 2]
[changes]
crops = 640
[[variant]]
name = "plain"
[[variant]]
name = "much damage"
strength = 1.0
"""
RECIPE = 'name = "x"\nversion = "1"\nnetwork = "edge"\nmanifests = ["a"]\ncrops = 64\nstrength = 0.5\n'


def plan(folder, text=PLAN):
    (folder / "recipe.toml").write_text(RECIPE)
    path = folder / "plan.toml"
    path.write_text(text.format(recipe=folder / "recipe.toml"))
    return path


def test_variants_differ_in_what_they_change_and_in_nothing_else(tmp_path):
    found = experiments.read_experiment(plan(tmp_path))
    plain, damaged = found.variants["plain"], found.variants["much damage"]
    assert list(plain) == list(damaged) == [1, 2]
    assert (plain[1].crops, plain[1].strength, plain[2].seed) == (640, 0.5, 2)
    assert damaged[1] == dataclasses.replace(plain[1], strength=1.0)
    assert not found.int8
    elsewhere = experiments.read_experiment(plan(tmp_path), [tmp_path / "a", tmp_path / "b"])
    assert elsewhere.variants["plain"][1].manifests == (tmp_path / "a", tmp_path / "b")
    assert experiments.read_experiment(plan(tmp_path, "int8 = true" + PLAN)).int8


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("question", "quest", "lacks the key 'question'"),
        ("seeds", "seed", "unknown keys seed"),
        ('"much damage"', '"plain"', "share a name"),
        ("strength", "vigour", "unknown keys vigour"),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path, old, new, message):
    with pytest.raises(UsageError, match=message):
        experiments.read_experiment(plan(tmp_path, PLAN.replace(old, new)))


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(tiny.packed(training={"pictures": {"train": 7}, "crops_seen": 2_000_000, "hours": 1.25}))
    return path


def test_models_are_measured_by_source_on_every_split_that_does_not_train(tmp_path, model):
    labels = ["file,label,source,method,group,split"]
    for split in ("train", *experiments.SPLITS):
        for number, (label, source) in enumerate((("real", "a"), ("fake", "a"), ("real", "b"), ("fake", "c")) * 5):
            name = f"{split}-{number}.png"
            redness = 90 if label == "fake" or source == "b" else 30
            picture = np.full((16, 16, 3), (redness + number, 20, 20), np.uint8)
            (tmp_path / name).write_bytes(zoo.encode(picture, "PNG"))
            labels.append(f"{name},{label},{source},m,{split}{number},{split}")
    (tmp_path / "labels.csv").write_text("\n".join(labels))
    found = experiments.measure({"one": [model], "twice": [model, model]}, [tmp_path])
    rows = {f"{split}: {row}" for split in experiments.SPLITS for row in ("all", "a", "c")}
    assert found["one"].auc.keys() == found["one"].draws.keys() == rows
    assert found["one"].auc["unseen: a"] == 1.0
    assert 0.5 < found["one"].auc["unseen: c"] < 1.0  # against all reals, those of b among them
    assert found["one"].auc == found["twice"].auc


def test_the_table_holds_variants_to_the_first(model):
    few = np.linspace(0.71, 0.89, 1000)
    found = {
        "plain": experiments.Measured({"test: all": 0.8}, {"test: all": few}),
        "new": experiments.Measured({"test: all": 0.85}, {"test: all": few + np.linspace(0.03, 0.07, 1000)}),
    }
    models = {"plain": [model], "new": [model, model]}
    text = experiments.tabulate(experiments.Experiment("Does it help?", {}), models, found)
    assert text.startswith("Does it help?\n\n| AUC (95%) | plain | new | new: gain |")
    assert "| test: all | 0.800 (0.71–0.89) | 0.850 (0.75–0.95) | +0.050 (+0.031 to +0.069) |" in text
    assert "| crops seen | 2.00 M | 2.00 M, 2.00 M |  |" in text


def test_the_table_of_int8_models_tells_what_they_cost(model):
    other = shutil.copy(model, model.with_name("other.tflite"))
    found = {name: experiments.Measured({"test: all": 0.8}, {"test: all": np.ones(3)}) for name in ("plain", "new")}
    models = {"plain": [model], "new": [other]}
    text = experiments.tabulate(experiments.Experiment("Does it help?", {}, int8=True), models, found)
    assert f"| kB | {model.stat().st_size / 1000:.0f} | {model.stat().st_size / 1000:.0f} |  |" in text
    assert re.search(r"\| ms a crop, one look, one thread \| [\d.]+ \| [\d.]+ \|  \|", text)
    assert "mult-adds" in text
    assert "mult-adds" not in experiments.tabulate(experiments.Experiment("Does it help?", {}), models, found)


def test_the_plans_of_this_project_can_be_read():
    root = Path(__file__).parent.parent
    plans = sorted((root / "training" / "recipes" / "experiments").glob("*.toml"))
    assert plans
    documents = "".join((root / "docs" / name).read_text() for name in ("data.md", "experiments.md"))
    for path in plans:
        assert len(experiments.read_experiment(path).variants) > 1
        assert f"<!-- {path.stem} -->" in documents
