"""What is done to weights before they become int8: equalised between layers, rounded with their sums."""

import contextlib

import numpy as np
import pytest

pytest.importorskip("keras")
import keras
from keras import layers

from convert.conversion import to_flatbuffer
from convert.equalisation import equalised
from convert.recipes import RECIPES
from convert.rounding import round_filters, rounded

SIDE, WIDTH = 16, 12


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (8, SIDE, SIDE, 3), np.uint8)


def network(middle=layers.ReLU, twice: bool = False) -> keras.Model:
    """Two convolutions, the second as a residual, with channels of very different ranges between them."""
    keras.utils.set_random_seed(1)
    given = keras.Input((SIDE, SIDE, 3))
    first = layers.ReLU()(layers.Conv2D(WIDTH, 3, name="first")(layers.Rescaling(1 / 64)(given)))
    second = layers.Conv2D(WIDTH, 3, padding="same", name="second")
    branch = second(middle()(second(first))) if twice else second(middle()(first))
    x = layers.ReLU()(layers.Add()([first, branch]))
    x = layers.GlobalAveragePooling2D()(x)
    model = keras.Model(given, {"answer": layers.Dense(2, name="last")(x)})
    spread = np.geomspace(0.05, 5, WIDTH)
    layer = model.get_layer("first")
    layer.kernel.assign(layer.kernel * spread)
    return model


def ranges(model: keras.Model, pixels) -> np.ndarray:
    """The largest answer of each channel of the first convolution."""
    probe = keras.Model(model.inputs, model.get_layer("first").output)
    return probe.predict_on_batch(pixels.astype(np.float32)).reshape(-1, WIDTH).max(axis=0)


def answers(model: keras.Model, pixels) -> dict[str, np.ndarray]:
    return model.predict_on_batch(pixels.astype(np.float32))


def spread(values) -> float:
    return values.max() / values.min()


@pytest.mark.parametrize("twice", [False, True])
def test_equalised_channels_are_alike_and_answers_the_same(pixels, twice):
    model = network(twice=twice)
    trained, before, wide = model.get_weights(), answers(model, pixels)["answer"], spread(ranges(model, pixels))
    with equalised(model, pixels):
        assert spread(ranges(model, pixels)) < wide / 2
        np.testing.assert_allclose(answers(model, pixels)["answer"], before, rtol=1e-4, atol=1e-4)
    for weights, now in zip(trained, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, now)


@pytest.mark.parametrize(
    "middle",
    [lambda: layers.ReLU(max_value=6), lambda: layers.ReLU(threshold=0.1), lambda: layers.Activation("sigmoid")],
)
def test_channels_that_know_their_scale_are_left_alone(pixels, middle):
    model = network(middle)
    kernel = model.get_layer("first").kernel.numpy()
    with equalised(model, pixels):
        np.testing.assert_array_equal(model.get_layer("first").kernel, kernel)


def test_a_sum_over_unequal_channels_is_left_alone(pixels):
    given = keras.Input((SIDE, SIDE, 3))
    x = layers.Add()([layers.Conv2D(WIDTH, 3, activation="relu", name="first")(given), layers.Conv2D(1, 3)(given)])
    model = keras.Model(given, {"answer": layers.Dense(2)(layers.GlobalAveragePooling2D()(layers.ReLU()(x)))})
    before = answers(model, pixels)["answer"]
    with equalised(model, pixels):
        np.testing.assert_array_equal(answers(model, pixels)["answer"], before)


def test_what_the_model_answers_keeps_its_scale(pixels):
    model = network()
    model = keras.Model(model.inputs, {**model.output, "map": model.get_layer("first").output})
    before = answers(model, pixels)["map"]
    with equalised(model, pixels):
        np.testing.assert_array_equal(answers(model, pixels)["map"], before)


@pytest.mark.parametrize(("shape", "filters"), [((3, 3, 40, 8), (3,)), ((3, 3, 8, 2), (2, 3)), ((400, 3), (1,))])
def test_rounded_filters_keep_their_sums(shape, filters):
    kernel = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    inside = tuple(axis for axis in range(kernel.ndim) if axis not in filters)
    step = np.abs(kernel).max(axis=inside, keepdims=True) / 127
    steps = round_filters(kernel, filters) / step
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
    assert np.abs(steps - kernel / step).max() < 1 + 1e-3
    assert np.abs(steps).max(axis=inside) == pytest.approx(127)
    drift = np.abs((steps - kernel / step).sum(axis=inside))
    plain = np.abs((np.rint(kernel / step) - kernel / step).sum(axis=inside))
    assert drift.max() < 0.51 < plain.max()


def test_a_filter_of_zeros_stays_one():
    assert not round_filters(np.zeros((3, 3, 2, 2), np.float32), (3,)).any()


@pytest.mark.parametrize("recipe", ["int8", "dynamic"])
def test_the_converter_takes_the_rounded_steps(pixels, recipe):
    from ai_edge_litert.interpreter import Interpreter

    model = network()
    with equalised(model, pixels) if recipe == "int8" else contextlib.nullcontext():
        kernel = model.get_layer("second").kernel.numpy()
    step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
    wanted = np.rint(round_filters(kernel, (3,)) / step)
    assert (wanted != np.rint(kernel / step)).any()
    flatbuffer, _ = to_flatbuffer(model, RECIPES[recipe], SIDE, pixels)
    interpreter = Interpreter(model_content=flatbuffer)
    stored = [
        interpreter.get_tensor(details["index"]).transpose(1, 2, 3, 0)
        for details in interpreter.get_tensor_details()
        if details["dtype"] == np.int8 and tuple(details["shape"]) == (WIDTH, 3, 3, WIDTH)
    ]
    np.testing.assert_array_equal(stored, [wanted])


def test_weights_that_dynamic_range_leaves_in_float_are_the_trained_ones(pixels):
    from ai_edge_litert.interpreter import Interpreter

    model = network()
    flatbuffer, _ = to_flatbuffer(model, RECIPES["dynamic"], SIDE, pixels)
    interpreter = Interpreter(model_content=flatbuffer)
    stored = {
        tuple(details["shape"]): interpreter.get_tensor(details["index"])
        for details in interpreter.get_tensor_details()
        if tuple(details["shape"]) in ((WIDTH, 3, 3, 3), (2, WIDTH))
    }
    first = 64 * stored[WIDTH, 3, 3, 3].transpose(1, 2, 3, 0)  # the scaling of pixels is folded in
    np.testing.assert_array_equal(first, model.get_layer("first").kernel)
    np.testing.assert_array_equal(stored[2, WIDTH].T, model.get_layer("last").kernel)


def test_a_layer_kept_in_float_has_its_trained_weights_and_the_others_their_steps(pixels):
    from ai_edge_litert.interpreter import Interpreter

    model = network()
    with equalised(model, pixels):
        first, second = (model.get_layer(name).kernel.numpy() for name in ("first", "second"))
    steps = np.rint(round_filters(first, (3,)) / (np.abs(first).max(axis=(0, 1, 2)) / 127))
    flatbuffer, _ = to_flatbuffer(model, RECIPES["int8"], SIDE, pixels, ["second"])
    interpreter = Interpreter(model_content=flatbuffer)
    stored = {
        details["dtype"]: interpreter.get_tensor(details["index"]).transpose(1, 2, 3, 0)
        for details in interpreter.get_tensor_details()
        if tuple(details["shape"]) in ((WIDTH, 3, 3, 3), (WIDTH, 3, 3, WIDTH))
    }
    np.testing.assert_array_equal(stored[np.float32], second)
    np.testing.assert_array_equal(stored[np.int8], steps)


def test_rounding_leaves_the_model_as_it_was():
    model = network()
    trained, kernel = model.get_weights(), model.get_layer("second").kernel.numpy()
    with rounded(model):
        assert (model.get_layer("second").kernel.numpy() != kernel).any()
    for weights, now in zip(trained, model.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, now)
