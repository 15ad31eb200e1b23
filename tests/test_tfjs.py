"""Models for TensorFlow.js: through their part of the gate, in Node."""

import errno
import json
from pathlib import Path

import numpy as np
import others
import pytest

pytest.importorskip("tensorflow")

from convert import tfjs
from convert.exam import KerasNetwork
from convert.pipeline import Plan, convert_model
from convert.source import Said, load
from edge_detect.errors import UsageError


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return others.write(tmp_path_factory.mktemp("others") / "pictures")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("theirs") / "theirs.keras"
    others.network().save(path)
    return path


def test_a_graph_model_answers_in_node_as_keras_does(trained, data, tmp_path):
    try:
        tfjs.require()
    except UsageError as error:
        pytest.skip(str(error))
    (folder,) = convert_model(trained, Plan(("tfjs",), (data,)), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs-tfjs"]
    assert json.loads((folder / "card.json").read_text())["labels"] == list(others.LABELS)
    (manifest,) = json.loads((folder / "model.json").read_text())["weightsManifest"]
    size = sum(4 * int(np.prod(entry["shape"])) for entry in manifest["weights"])
    assert (folder / "weights.bin").stat().st_size == size


def test_a_graph_model_without_node_is_refused_before_the_work(trained, data, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="Node, which is not installed"):
        convert_model(trained, Plan(("tfjs",), (data,)), tmp_path / "out")


@pytest.mark.parametrize("what", ["notes.txt", ""])
def test_a_folder_with_other_files_is_not_replaced(trained, data, tmp_path, monkeypatch, what):
    """Nor is a file of its name; Node is not needed to say so."""
    monkeypatch.setattr("convert.tfjs.require", lambda: None)
    kept = tmp_path / "theirs-tfjs" / what
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("mine")
    with pytest.raises(UsageError, match=r"theirs-tfjs would be replaced, and .* is no part of a graph model"):
        convert_model(trained, Plan(("tfjs",), (data,)), tmp_path)
    assert kept.read_text() == "mine"


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


def test_answers_that_are_no_numbers_fail(trained, tmp_path, monkeypatch):
    """JSON has no word for them: Node writes null."""
    node = tmp_path / "node"
    node.write_text("""#!/bin/sh\necho '[{"probabilities": [null, 0, 0]}, {"probabilities": [0.3, 0.4, 0.3]}]'\n""")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    model, card = load(trained, Said(), others.LABELS)
    pictures = np.zeros((2, others.SIDE, others.SIDE, 3), np.uint8)
    (check,) = tfjs.checks(files(b""), KerasNetwork(model, card), pictures)
    assert check.passed is False
    assert "nan" in check.found
