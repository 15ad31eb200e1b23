"""Models for TensorFlow.js: through their part of the gate, in Node."""

import json
from pathlib import Path

import numpy as np
import others
import pytest

pytest.importorskip("tensorflow")

from convert import tfjs
from convert.pipeline import Plan, convert_model
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
