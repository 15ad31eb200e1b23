"""Training by its command: what a run leaves, and how it begins from another."""

import dataclasses
import json
import math
import shutil

import pytest
from checks import history, python

pytest.importorskip("tensorflow")

import keras

from edge_detect.errors import ExitCode, UsageError
from edge_detect.manifest import read_manifest
from training import networks
from training.classifier import ClassifierTask
from training.fit import fit
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


def test_training_begins_from_a_trained_model(run, recipe, tmp_path):
    further = tmp_path / "further.toml"
    begin = f'begin_from = "{run / "best.keras"}"\n'
    further.write_text(begin + recipe.read_text().replace("crops = 2560", "crops = 640"))
    done = python("training", "fit", further, "--out", tmp_path / "further")
    assert done.returncode == 0, done.stderr
    parent, child = (json.loads((folder / "best.json").read_text()) for folder in (run, tmp_path / "further"))
    assert float(history(tmp_path / "further")[0]["loss"]) < float(history(run)[0]["loss"]) - 0.05
    assert child["training"]["crops_seen"] == parent["training"]["crops_seen"] + 640


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


@pytest.mark.parametrize("keep_last", ["false", "true"])
def test_the_result_is_the_best_state_since_the_rate_began_to_fall_or_the_last(run, recipe, tmp_path, keep_last):
    still = tmp_path / "still.toml"  # nothing is learnt at this rate: the first state would be as good as any
    begin = f'begin_from = "{run / "best.keras"}"\nlearning_rate = 0.0\ncooldown = 0.5\nkeep_last = {keep_last}\n'
    still.write_text(begin + recipe.read_text())
    done = python("training", "fit", still, "--out", tmp_path / "still")
    assert done.returncode == 0, done.stderr
    rows = history(tmp_path / "still")
    late = rows[-1] if keep_last == "true" else max(rows[len(rows) // 2 :], key=lambda row: float(row["score"]))
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


def test_sources_that_a_recipe_names_in_vain_are_told(recipe, capsys):
    plan = read_recipe(recipe)
    source = read_manifest(plan.manifests[0])[0].source
    ClassifierTask(dataclasses.replace(plan, favoured={source: 2.0}, partial=(source,)))
    assert capsys.readouterr().err == ""
    ClassifierTask(dataclasses.replace(plan, favoured={source: 2.0, "dfcd": 2.0}, partial=("ciplap",)))
    assert "ciplap, dfcd\n" in capsys.readouterr().err
