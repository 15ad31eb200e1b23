"""Layers of a converted model: what they are called, and those that stay in float32."""

import pytest

pytest.importorskip("tensorflow")

import keras
import numpy as np
import tensorflow as tf

from convert import conversion, graph
from convert.gate import Limits
from convert.pipeline import Plan, convert_model
from convert.recipes import RECIPES
from edge_detect.card import read_packed
from edge_detect.errors import UsageError


def test_a_layer_is_kept_in_float(their_model, their_pictures, tmp_path, capsys):
    plan = Plan(
        ("int8",), (their_pictures,), count=24, keep_float=("probabilities",), explain=True, limits=Limits(xnnpack=0)
    )
    (path,) = convert_model(their_model, plan, tmp_path)
    flatbuffer, card = read_packed(path)
    assert card.conversion["kept_float"] == ["probabilities"]
    assert not graph.inspect(flatbuffer).floats  # what it keeps is the softmax
    shown = capsys.readouterr().err
    assert "SQNR" in shown
    assert {"look", "decide"} < {line.split(" ")[0] for line in shown.splitlines()}  # as Keras calls them
    with pytest.raises(UsageError, match=r"there is no layer head to keep in float32; there are look, .*decide, "):
        convert_model(their_model, Plan(("int8",), (their_pictures,), count=24, keep_float=("head",)), tmp_path)
    plan = Plan(("int8", "int16x8"), (their_pictures,), count=24, keep_float=("look",), limits=Limits(xnnpack=0))
    integer, mixed = convert_model(their_model, plan, tmp_path)
    assert len(graph.inspect(read_packed(integer)[0]).floats) == 1
    assert "kept_float" not in read_packed(mixed)[1].conversion  # its arithmetic has no part in float32


@pytest.mark.parametrize(
    ("option", "asked"), [("--keep-float", {"keep_float": ("look",)}), ("--explain", {"explain": True})]
)
def test_what_only_int8_has_is_refused_of_other_recipes(their_model, their_pictures, tmp_path, option, asked):
    with pytest.raises(UsageError, match=f"{option} is for models that compute in int8: add --to int8"):
        convert_model(their_model, Plan(("float32", "int16x8"), (their_pictures,), **asked), tmp_path)


@pytest.mark.parametrize(
    ("tensor", "layer"),
    [
        ("mine_1/first_1/Relu;mine_1/first_1/convolution", "first"),
        ("mine_1/first_1_1/Relu", "first_1"),
        ("mine_1/first_3/Relu", "first_3"),  # its second call
        ("mine_1/expand_BN_1/batchnorm/add_1;mine_1/expand_BN_1/batchnorm/mul_1", "expand_BN"),
        ("mine_1/flatten_1/Reshape", "flatten_1"),  # no layer of that name
        ("mine_1/first_1/separable_conv2d/depthwise", "first"),  # the first of its two operators
        ("mine_1/inner_1/first_1/Relu", "first"),
        ("StatefulPartitionedCall:1", "patches"),
    ],
)
def test_layers_have_the_names_that_keras_gave_them(tensor, layer):
    inputs = x = keras.Input((3,))
    for name in ("first", "first_1", "expand_BN"):
        x = keras.layers.Dense(3, name=name)(x)
    assert conversion.layer_name(tensor, keras.Model(inputs, {"patches": x, "logit": x})) == layer


def test_all_operators_of_a_name_are_kept(tmp_path):
    pixels = keras.Input((16, 16, 3))
    inner = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, 3, name="look", activation="relu")])
    x = keras.layers.Conv2D(4, 3, name="look", activation="relu", padding="same")(inner(pixels))
    x = keras.layers.SeparableConv2D(4, 3, name="both", activation="relu")(x)
    model = keras.Model(pixels, {"logit": keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(x))})
    pictures = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    flatbuffer, _ = conversion.to_flatbuffer(model, RECIPES["int8"], 16, pictures, ("look", "both"))
    kept = [conversion.layer_name(tensor, model) for tensor in graph.inspect(flatbuffer).floats]
    assert sorted(kept) == ["both", "both", "look", "look"]


def test_a_full_temporary_folder_is_told(tmp_path, monkeypatch):
    model = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)])
    model = keras.Model(model.inputs, {"logit": model.outputs[0]})

    def fail(*_, **__):
        raise tf.errors.OutOfRangeError(None, None, "File too large")

    monkeypatch.setattr(type(keras.export.ExportArchive()), "write_out", fail)
    with pytest.raises(UsageError, match=r"nothing can be written to the temporary folder .*File too large.*TMPDIR"):
        conversion.to_flatbuffer(model, RECIPES["float32"], 8, np.zeros((0, 8, 8, 3), np.uint8))
