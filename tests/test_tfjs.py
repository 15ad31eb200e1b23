"""Models for TensorFlow.js: through their part of the gate, in Node."""

import errno
import json
from pathlib import Path

import numpy as np
import others
import pytest
import tiny

pytest.importorskip("tensorflow")

import keras

from convert import tfjs
from convert.exam import KerasNetwork
from convert.gate import Check
from convert.pipeline import Plan, convert_model
from convert.source import Said, load
from edge_detect.card import Card
from edge_detect.errors import UsageError


def test_a_graph_model_answers_in_node_as_keras_does(their_model, their_pictures, tmp_path):
    try:
        tfjs.require()
    except UsageError as error:
        pytest.skip(str(error))
    (folder,) = convert_model(their_model, Plan(("tfjs",), (their_pictures,)), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs-tfjs"]
    assert json.loads((folder / "card.json").read_text())["labels"] == list(others.LABELS)
    (manifest,) = json.loads((folder / "model.json").read_text())["weightsManifest"]
    size = sum(4 * int(np.prod(entry["shape"])) for entry in manifest["weights"])
    assert (folder / "weights.bin").stat().st_size == size


def test_a_graph_model_without_node_is_refused_before_the_work(their_model, their_pictures, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="Node, which is not installed"):
        convert_model(their_model, Plan(("tfjs",), (their_pictures,)), tmp_path / "out")


@pytest.mark.parametrize(
    ("what", "text", "message"),
    [
        ("notes.txt", "mine", r"\(notes\.txt is no part of a graph model\)"),
        ("", "mine", "is no model that can be read"),
        ("card.json", "{", r"\(it has no card that can be read: "),
        ("card.json", json.dumps(tiny.card(name="theirs").to_dict()), "was made of another model"),
    ],
)
def test_a_folder_of_anything_else_is_not_replaced(
    their_model, their_pictures, tmp_path, monkeypatch, what, text, message
):
    """Nor is a file of its name; Node is not needed to say so."""
    monkeypatch.setattr("convert.tfjs.require", lambda: None)
    kept = tmp_path / "theirs-tfjs" / what
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(text)
    with pytest.raises(UsageError, match=f"theirs-tfjs would be replaced, and .*{message}"):
        convert_model(their_model, Plan(("tfjs",), (their_pictures,)), tmp_path)
    assert kept.read_text() == text


def files(word: bytes) -> tfjs.Files:
    return dict.fromkeys(tfjs.NAMES, word)


def test_a_graph_model_is_replaced_whatever_an_interrupted_one_left(tmp_path):
    folder = tmp_path / "m-tfjs"
    for rest in (".m-tfjs.part", ".m-tfjs.old"):
        (tmp_path / rest).mkdir()
        (tmp_path / rest / "model.json").touch()
    for word in (b"one", b"two"):
        tfjs.write(folder, files(word))
        assert {path.read_bytes() for path in folder.iterdir()} == {word}
    assert [path.name for path in tmp_path.iterdir()] == ["m-tfjs"]


def test_a_graph_model_that_cannot_be_replaced_stays(tmp_path, monkeypatch):
    folder, replace = tmp_path / "m-tfjs", Path.replace
    tfjs.write(folder, files(b"one"))

    def full(path, target):
        if path.name == ".m-tfjs.part":
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        tfjs.write(folder, files(b"two"))
    assert {path.read_bytes() for path in folder.iterdir()} == {b"one"}
    assert [path.name for path in tmp_path.iterdir()] == ["m-tfjs"]


@pytest.fixture
def answering(their_model, tmp_path, monkeypatch):
    """What the check is, where Node is a program of that script."""

    def check(script: str) -> Check:
        node = tmp_path / "node"
        node.write_text(f"#!/bin/sh\n{script}\n")
        node.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
        model, card = load(their_model, Said(), others.LABELS)
        pictures = np.zeros((2, others.SIDE, others.SIDE, 3), np.uint8)
        (found,) = tfjs.checks(files(b""), KerasNetwork(model, card), pictures)
        return found

    return check


def test_answers_that_are_no_numbers_fail(answering):
    """JSON has no word for them: Node writes null."""
    check = answering("""echo '[{"probabilities": [null, 0, 0]}, {"probabilities": [0.3, 0.4, 0.3]}]'""")
    assert check.passed is False
    assert "nan" in check.found


def test_answers_that_cannot_be_read_fail(answering):
    check = answering("echo hello")
    assert (check.passed, check.found) == (False, "answers that cannot be read: 'hello\\n'")


def test_answers_that_do_not_come_fail(answering, monkeypatch):
    monkeypatch.setattr(tfjs, "_PATIENCE", 0.1)
    check = answering("exec sleep 60")
    assert (check.passed, check.found) == (False, "no answers in 0.1 s")


def test_numbers_that_tensorflow_js_has_not_are_refused_with_what_computes_with_them():
    inputs = keras.Input((8, 8, 3))
    whole = keras.ops.cast(keras.layers.GlobalAveragePooling2D()(inputs), "int64")
    doubled = keras.ops.cast(whole * keras.ops.convert_to_tensor([1, 2, 3], "int64"), "float32")
    card = Card("m", "1", "", "labeller", 8, "logits", {"logits": 0}, labels=others.LABELS)
    with pytest.raises(UsageError, match=r"TensorFlow.js has no int64, with which Mul \(.*\) computes"):
        tfjs.to_files(keras.Model(inputs, {"logits": doubled}), card)
