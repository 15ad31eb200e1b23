"""Converting somebody else's model: labels, normalisation, the gate and what it says."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import others
import pytest
from conftest import interruptible

pytest.importorskip("tensorflow")

import keras

from convert import conversion, legacy
from convert.gate import Limits
from convert.pipeline import GateError, Plan, convert_model
from convert.recipes import PURPOSES, RECIPES
from convert.source import Said
from edge_detect.card import Thresholds, read_packed, write_packed
from edge_detect.errors import ExitCode, UsageError
from edge_detect.labeller import Labeller
from edge_detect.network import Network

LOOSE = Limits(mean_error=0.1)
"""Scores of a network that was made up cross a steep sigmoid."""


@pytest.fixture(scope="module")
def fakes(tmp_path_factory) -> Path:
    return others.write(tmp_path_factory.mktemp("fakes"), ("fake", "real"))


@pytest.fixture(scope="module")
def converted(their_model, their_pictures, tmp_path_factory) -> dict[str, Path]:
    """The model by every recipe."""
    out = tmp_path_factory.mktemp("converted")
    paths = convert_model(their_model, Plan(tuple(RECIPES), (their_pictures,), count=24), out)
    return dict(zip(RECIPES, paths, strict=True))


def convert(*arguments, timeout: int = 300) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "edge_detect", "convert", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)


def test_every_recipe_gives_what_it_says(converted):
    for name, path in converted.items():
        network = Network.load(path)
        assert network.card.precision == name
        assert network.card.labels == others.LABELS
        assert np.dtype(network.input["dtype"]) == RECIPES[name].given
        assert network.input["shape"].tolist() == [1, 96, 96, 3]


def test_a_card_says_how_the_model_was_made(converted):
    card = read_packed(converted["int8"])[1]
    assert card.kind == "labeller"
    assert card.training["normalise"] == "0..1"
    assert card.training["from"]["file"] == "theirs.keras"
    assert card.conversion["gate"]["measure"] == "top-1"
    assert card.conversion["gate"]["score"] == 1.0
    assert card.conversion["representative"]["labels"] == {"blue": 8, "green": 8, "red": 8}


def test_somebody_elses_model_is_scanned_with_its_own_labels(converted, their_pictures, edge_detect):
    run = edge_detect("scan", "--whole-image", "--jsonl", "-m", converted["int8"], their_pictures / "red")
    assert run.code == 0
    for record in run.records:
        assert (record["label"], record["verdict"], record["score"]) == ("red", None, None)
        assert list(record["scores"]) == list(others.LABELS)
        assert sum(record["scores"].values()) == pytest.approx(1, abs=1e-5)
    assert (
        edge_detect("scan", "--whole-image", "-m", converted["int8"], their_pictures / "blue")
        .lines[0]
        .startswith("blue ")
    )
    assert "labeller" not in edge_detect("info", converted["int8"]).out
    assert "one for each of blue, green, red" in edge_detect("info", converted["int8"]).out


def test_labels_are_not_asked_of_faces(converted, their_pictures, edge_detect):
    run = edge_detect("scan", "-m", converted["int8"], their_pictures)
    assert (run.code, run.out) == (2, "")
    assert "scan with --whole-image" in run.err


@pytest.mark.parametrize("activation", ["softmax", None])
@pytest.mark.parametrize(("normalise", "scale"), [("0..1", 1 / 255), ("-1..1", 1 / 127.5), ("none", 1.0)])
def test_normalisation_and_kind_of_output_move_inside(their_pictures, tmp_path, activation, normalise, scale):
    model = others.network(activation=activation, scale=scale)
    model.save(tmp_path / "m.keras")
    plan = Plan(("float32",), (their_pictures,), said=Said(normalise=normalise), limits=LOOSE)
    (path,) = convert_model(tmp_path / "m.keras", plan, tmp_path / "out")
    network = Network.load(path)
    assert network.card.output == ("probabilities" if activation else "logits")
    picture = np.random.default_rng(1).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    offset = -1 if normalise == "-1..1" else 0
    expected = np.asarray(model(picture[None] * scale + offset))[0]
    expected = expected if activation else np.exp(expected) / np.exp(expected).sum()
    assert Labeller(network).scores(picture) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(("count", "activation"), [(1, "sigmoid"), (1, None), (2, "softmax"), (2, None)])
def test_real_and_fake_become_a_detector_whatever_their_order(fakes, tmp_path, edge_detect, count, activation):
    others.network(count, activation).save(tmp_path / "m.keras")
    (path,) = convert_model(tmp_path / "m.keras", Plan(("float32",), (fakes,), limits=LOOSE), tmp_path / "out")
    card = read_packed(path)[1]
    assert (card.kind, card.labels) == ("classifier", ("real", "fake"))
    assert card.output == ("probability" if activation else "logit")
    runs = [edge_detect("scan", "--whole-image", "--jsonl", "-m", path, fakes / label) for label in ("real", "fake")]
    assert [{record["verdict"] for record in run.records} for run in runs] == [{"real"}, {"fake"}]


def test_saved_models_and_h5_are_read(their_pictures, tmp_path):
    model = others.network()
    model.export(tmp_path / "saved", verbose=False)
    model.save(tmp_path / "old.h5")
    for name in ("saved", "old.h5"):
        (path,) = convert_model(tmp_path / name, Plan(("int8",), (their_pictures,), count=24), tmp_path / "out")
        assert read_packed(path)[1].conversion["gate"]["score"] == 1.0


def test_the_folder_one_is_in_can_be_converted(their_pictures, tmp_path, monkeypatch):
    others.network().export(tmp_path / "saved", verbose=False)
    monkeypatch.chdir(tmp_path / "saved")
    (path,) = convert_model(Path(), Plan(("float32",), (their_pictures,)), tmp_path / "out")
    assert path.name == "saved-float32.tflite"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (Said(labels=("a", "b")), "3 outputs and 2 labels"),
        (Said(side=64), "leave out --side 64"),
        (Said(labels=("blue", "green", "pink")), r"neither a labels.csv nor the folders blue/ and green/ and pink/"),
    ],
)
def test_what_does_not_fit_is_said(their_model, their_pictures, tmp_path, said, message):
    with pytest.raises(UsageError, match=message):
        convert_model(their_model, Plan(("float32",), (their_pictures,), said=said), tmp_path)


@pytest.mark.parametrize("prepare", [keras.layers.Rescaling(1 / 255), keras.applications.mobilenet_v2.preprocess_input])
def test_double_normalisation_is_warned_of(their_pictures, tmp_path, capsys, prepare):
    inputs = keras.Input((96, 96, 3))
    outputs = others.network()(prepare(inputs))
    keras.Model(inputs, outputs).save(tmp_path / "m.keras")
    convert_model(tmp_path / "m.keras", Plan(("float32",), (their_pictures,), limits=LOOSE), tmp_path / "out")
    assert "if it normalises its input itself, say --normalise none" in capsys.readouterr().err


def test_black_calibration_pictures_fail_and_are_named(their_model, tmp_path):
    data = others.write(tmp_path / "black", blank="train")
    done = convert(their_model, "--data", data, "--out", tmp_path / "out", "--to", "int8", "--calibrate", 24)
    assert done.returncode == ExitCode.FLAGGED
    assert done.stdout == ""
    assert "24 of 24 pictures are of one colour" in done.stderr
    assert "bad calibration" in done.stderr
    assert "FAILS" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_one_label_in_calibration_fails_and_is_named(their_model, their_pictures, tmp_path):
    rows = ["file,label,source,method,group,split"]
    for path in sorted(their_pictures.rglob("*.png")):
        split = "train" if path.parent.name == "red" and path.stem < "030" else "val"
        rows.append(f"{path},{path.parent.name},x,x,{path.parent.name}{path.stem},{split}")
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(GateError, match=r"bad calibration: a label is without pictures \(0 blue, 0 green, 24 red\)"):
        convert_model(their_model, Plan(("int8",), (tmp_path,), count=24), tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_calibrated_model_that_is_replaced_is_told_and_another_one_is_not_replaced(
    their_model, their_pictures, tmp_path, capsys
):
    (path,) = convert_model(their_model, Plan(("float32",), (their_pictures,)), tmp_path)
    flatbuffer, card = read_packed(path)
    write_packed(path, flatbuffer, dataclasses.replace(card, thresholds=Thresholds(chosen_on="my photos")))
    assert "replaced" not in capsys.readouterr().err
    convert_model(their_model, Plan(("float32",), (their_pictures,)), tmp_path)
    assert f"note: replaced {path}, which was calibrated: calibrate it again" in capsys.readouterr().err
    (tmp_path / "elsewhere").mkdir()
    others.network(width=4).save(tmp_path / "elsewhere" / their_model.name)
    with pytest.raises(UsageError, match="was made of another model"):
        convert_model(tmp_path / "elsewhere" / their_model.name, Plan(("float32",), (their_pictures,)), tmp_path)


@pytest.mark.parametrize("recipe", ["float32", "int8"])
def test_a_model_that_the_converter_refuses_is_said(recipe):
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Dense(1)(keras.ops.erfinv(keras.layers.GlobalAveragePooling2D()(inputs)))
    pixels = np.zeros((2, 16, 16, 3), np.uint8)
    with pytest.raises(UsageError, match=r"refuses the model: 'tf\.Erfinv' op"):
        conversion.to_flatbuffer(keras.Model(inputs, {"logit": x}), RECIPES[recipe], 16, pixels)


def test_the_same_inputs_give_the_same_bytes(their_model, their_pictures, converted, tmp_path):
    recipes = tuple(RECIPES)
    again = convert_model(their_model, Plan(recipes, (their_pictures,), count=24), tmp_path)
    for name, path in zip(recipes, again, strict=True):
        assert path.read_bytes() == converted[name].read_bytes(), name


def test_ctrl_c_leaves_nothing(their_model, their_pictures, tmp_path):
    command = [sys.executable, "-m", "edge_detect", "convert", str(their_model), "--data", str(their_pictures)]
    process = interruptible(
        [*command, "--out", str(tmp_path / "out"), "--to", "int8"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("int8: converting"):
            break
    os.kill(process.pid, signal.SIGINT)
    process.communicate(timeout=120)
    assert process.returncode == ExitCode.INTERRUPTED
    assert list((tmp_path / "out").iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A file system with next to no room; skipped where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_leaves_no_half_written_model(their_pictures, small_disk, tmp_path):
    (small_disk / "ballast").write_bytes(bytes(4096))
    others.network(width=512).save(tmp_path / "wide.keras")  # more than the 4 kB that are left
    done = convert(tmp_path / "wide.keras", "--data", their_pictures, "--out", small_disk, "--to", "float32")
    assert done.returncode == ExitCode.INTERNAL
    assert "No space left on device" in done.stderr
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


def test_a_folder_that_cannot_be_written_is_noticed_before_the_work(their_model, their_pictures, tmp_path, capsys):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="choose another --out"):
        convert_model(their_model, Plan(("int8",), (their_pictures,)), tmp_path / "file" / "out")
    assert capsys.readouterr().err == ""  # the first thing that the work would say is of the pictures it asks about


def test_recipes_are_listed_with_what_each_is_for():
    done = convert("--list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(PURPOSES)


def test_a_mobilenet_that_keras_brings_along_becomes_small(fakes, tmp_path):
    inputs = keras.Input((96, 96, 3))
    body = keras.applications.MobileNetV2(input_tensor=inputs, include_top=False, weights=None, pooling="avg")
    keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(body.output)).save(tmp_path / "mobilenet.keras")
    limits = Limits(drop=1, flips=1)  # nobody trained it
    plan = Plan(("float32", "int8"), (fakes,), count=16, said=Said(normalise="-1..1"), limits=limits)
    float32, int8 = convert_model(tmp_path / "mobilenet.keras", plan, tmp_path / "out")
    # Scales and zero points of its many channels are a sixth of the int8 file.
    assert int8.stat().st_size < 0.31 * float32.stat().st_size
    assert read_packed(int8)[1].conversion["gate"]["xnnpack"] == "100%"


@pytest.mark.parametrize("python", ["nothing/there", sys.executable])
def test_a_runtime_that_is_not_there_is_not_called_checked(converted, python, tmp_path):
    flatbuffer, card = read_packed(converted["float32"])
    inputs = np.zeros((1, 1, 96, 96, 3), np.uint8)
    passed, found = legacy.outcome(flatbuffer, inputs, [np.ones((1, 3))], Path(python))
    assert passed is None
    assert "make legacy" in found
    assert card.conversion["gate"]["tflite_runtime"] in ("not checked", True)


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.keras", "there is no"), ("", r"holds no saved_model\.pb"), ("a.tflite", "is no Keras model")],
)
def test_what_is_no_model_is_said(their_pictures, tmp_path, name, message):
    (tmp_path / "a.tflite").write_bytes(b"TFL3")
    with pytest.raises(UsageError, match=message):
        convert_model(tmp_path / name, Plan(("float32",), (their_pictures,)), tmp_path / "out")
