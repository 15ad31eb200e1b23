"""What `convert` refuses before the work, and how it takes its options."""

import os

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from convert import legacy
from convert.cli import app
from convert.pipeline import Plan, convert_model
from convert.source import Said
from edge_detect.errors import UsageError


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--to", "int8,"), "--to takes names with commas between, each once, and none of them empty; not 'int8,'"),
        (("--labels", "rose,rose"), "--labels takes names with commas between, each once"),
        (("--keep-float", "look,"), "--keep-float takes names with commas between, each once"),
        (("--legacy", "pyhton9"), "there is no pyhton9: name a Python with tflite-runtime, or --legacy none"),
    ],
)
def test_options_that_name_nothing_are_refused_at_once(option, message):
    with pytest.raises(UsageError, match=message):
        app(["m.keras", "--data", "data", "--out", "out", *option], standalone_mode=False)


def test_names_in_lists_may_have_blanks_between_and_none_is_no_python(monkeypatch):
    asked = []
    monkeypatch.setattr("convert.pipeline.convert_model", lambda _model, plan, _out: asked.append(plan) or [])
    options = ["--to", "int8, float16", "--labels", "lily, rose", "--legacy", "none"]
    app(["m.keras", "--data", "data", "--out", "out", *options], standalone_mode=False)
    assert (asked[0].recipes, asked[0].said.labels, asked[0].legacy) == (("int8", "float16"), ("lily", "rose"), None)
    assert legacy.outcome(b"", np.zeros(0), [], None) == (None, "left out (--legacy none)")


def test_fewer_calibration_pictures_than_labels_are_refused_before_the_work(their_model, their_pictures, tmp_path):
    with pytest.raises(UsageError, match="--calibrate 2 leaves labels without a picture: draw 3, one of each, or more"):
        convert_model(their_model, Plan(("int8",), (their_pictures,), count=2), tmp_path / "out")


def test_a_label_that_cannot_be_printed_is_refused_before_the_work(their_model, their_pictures, tmp_path):
    said = Said(labels=("lily", "rose", os.fsdecode(b"ros\xe9")))
    with pytest.raises(UsageError, match=r"'ros\\udce9' cannot be a label"):
        convert_model(their_model, Plan(("int8",), (their_pictures,), said=said), tmp_path / "out")
