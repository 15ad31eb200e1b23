"""Two models side by side: what they cost, how right they are, and where they disagree."""

import json

import numpy as np
import pytest
import tiny
import zoo

from edge_detect.card import pack


@pytest.fixture
def data(tmp_path):
    """Redder fakes and bluer reals."""
    for label, colour in (("real", (60, 90, 200)), ("fake", (220, 40, 40))):
        (tmp_path / "data" / label).mkdir(parents=True)
        for number in range(6):
            picture = np.full((32, 32, 3), colour, np.uint8) + np.uint8(number)
            (tmp_path / "data" / label / f"{number}.png").write_bytes(zoo.encode(picture, "PNG"))
    return tmp_path / "data"


@pytest.fixture
def other(tmp_path):
    """The tiny model on pixels that it takes for twice as coarse: its scores differ a little."""
    path = tmp_path / "other.tflite"
    path.write_bytes(pack(tiny.flatbuffer("uint8", 8.0), tiny.card(precision="int8")))
    return path


def test_two_models_are_set_side_by_side(edge_detect, tiny_model, other, data, tmp_path):
    page = tmp_path / "page.html"
    run = edge_detect("compare", tiny_model, other, "--data", data, "--report", page)
    assert run.code == 0, run.err
    assert run.lines[1].split() == ["file", "tiny.tflite", "other.tflite"]
    assert "AUC on " in run.out
    assert "On 12 pictures" in run.lines[-1]
    text = page.read_text()
    assert text.count("<img ") == 12
    assert "http" not in text


def test_the_figures_as_json(edge_detect, tiny_model, other, data):
    figures = json.loads(edge_detect("compare", tiny_model, other, "--data", data, "--json").out)
    assert figures["pictures"] == 12
    scores = [figures["models"][side]["scores"] for side in ("a", "b")]
    assert scores[0] == scores[1]
    assert set(scores[0].values()) == {1.0}
    assert 0 < figures["disagreement"]["mean"] <= figures["disagreement"]["max"]
    worst = [entry["difference"] for entry in figures["disagreement"]["worst"]]
    assert worst == sorted(worst, reverse=True)


def test_pictures_of_training_are_not_compared_unless_they_are_asked_for(edge_detect, tiny_model, data):
    rows = ["file,label,source,method,group,split"] + [
        f"{label}/{number}.png,{label},s,m,{label}{number},{'train' if number < 4 else 'test'}"
        for number in range(6)
        for label in ("real", "fake")
    ]
    (data / "labels.csv").write_text("\n".join(rows) + "\n")

    def pictures(*options):
        return json.loads(edge_detect("compare", tiny_model, tiny_model, "--data", data, "--json", *options).out)[
            "pictures"
        ]

    assert (pictures(), pictures("--split", "train")) == (4, 8)
    assert pictures("--split", "train", "--split", "test") == 12


def test_splits_are_measured_each_for_itself(edge_detect, tiny_model, data):
    """Pictures whose sources are known and those whose are not: one figure of both would be of neither."""
    rows = ["file,label,source,method,group,split"] + [
        f"{label}/{number}.png,{called},s,m,{label}{number},{split}"
        for label, other in (("real", "fake"), ("fake", "real"))
        for split, called, numbers in (("test", label, range(3)), ("unseen", other, range(3, 6)))
        for number in numbers
    ]
    (data / "labels.csv").write_text("\n".join(rows) + "\n")
    models = ("compare", tiny_model, tiny_model, "--data", data)
    assert json.loads(edge_detect(*models, "--json").out)["models"]["a"]["scores"] == {"test": 1.0, "unseen": 0.0}
    lines = [line.split() for line in edge_detect(*models).lines if "AUC" in line]
    assert lines == [["AUC", "on", "test", "1.0000", "1.0000"], ["AUC", "on", "unseen", "0.0000", "0.0000"]]


def test_a_model_agrees_with_itself(edge_detect, tiny_model, data):
    figures = json.loads(edge_detect("compare", tiny_model, tiny_model, "--data", data, "--json").out)
    assert figures["disagreement"]["max"] == figures["disagreement"]["calls"] == 0


def test_models_of_other_labels_are_not_compared(edge_detect, tiny_model, data, tmp_path):
    labelled = tmp_path / "labelled.tflite"
    labels = {"labels": ("a", "b", "c"), "output": "logits", "outputs": {"logits": 0}}
    labelled.write_bytes(pack(tiny.flatbuffer(), tiny.card(kind="labeller", **labels)))
    run = edge_detect("compare", tiny_model, labelled, "--data", data)
    assert (run.code, run.out) == (2, "")
    assert "the models answer different questions: real, fake and a, b, c" in run.err


def test_a_finder_is_no_matter_of_the_labels(edge_detect, tiny_model, tiny_finder, data):
    for pair in ((tiny_finder, tiny_finder), (tiny_model, tiny_finder)):
        run = edge_detect("compare", *pair, "--data", data)
        assert (run.code, run.out) == (2, "")
        assert "`edge-detect evaluate-faces` measures finders" in run.err


def test_a_split_without_pictures_is_said(edge_detect, tiny_model, data):
    run = edge_detect("compare", tiny_model, tiny_model, "--data", data, "--split", "train", "--split", "nowhere")
    assert run.code == 2
    assert "no picture is in the split 'nowhere'; there are pictures in t" in run.err


def test_figures_are_printed_also_where_the_report_has_no_room(edge_detect, tiny_model, data):
    run = edge_detect("compare", tiny_model, tiny_model, "--data", data, "--json", "--report", "/dev/full")
    assert (run.code, json.loads(run.out)["pictures"]) == (2, 12)
    assert "/dev/full cannot be written: No space left on device" in run.err
