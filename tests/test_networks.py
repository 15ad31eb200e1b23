import numpy as np
import pytest

keras = pytest.importorskip("keras")

from edge_detect.errors import UsageError  # noqa: E402
from training import networks  # noqa: E402
from training.networks.layers import TRAINED, StandardisedConv2D  # noqa: E402
from training.optimizer import optimizer  # noqa: E402

PIXELS = np.random.default_rng(1).integers(0, 256, (2, 224, 224, 3), np.uint8)
STEMS = ("space_to_depth", "haar", "strided")


def multiply_adds(model, pixels=PIXELS) -> int:
    """Multiply-adds of the convolutions and dense layers of a functional model, for pictures of this size."""
    total = 0
    probes = {
        layer.name: layer.output
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense)
    }
    shapes = {name: array.shape for name, array in keras.Model(model.input, probes).predict_on_batch(pixels).items()}
    for name, shape in shapes.items():
        kernel = model.get_layer(name).kernel.shape
        positions = int(np.prod(shape[1:3])) if len(shape) == 4 else 1
        total += positions * int(np.prod(kernel))
    return total


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stem": "harr"}, "unknown stem 'harr'; there are space_to_depth, haar, strided"),
        ({"pooling": "feature"}, "unknown pooling 'feature'; there are logits, features"),
        ({"wdths": [4, 4, 4]}, "unexpected keyword argument 'wdths'"),
        ({"widths": [4, 4]}, "not enough values"),
    ],
)
def test_options_that_a_network_has_not_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        networks.build("edge", **options)


@pytest.mark.parametrize("stem", STEMS)
def test_edge_stays_within_its_budget(stem):
    model = networks.build("edge", stem=stem)
    assert multiply_adds(model) <= 220e6
    assert model.count_params() <= 1e6


def test_a_grown_edge_stays_within_its_budget():
    model = networks.build("edge", grown=[1, 1])
    assert multiply_adds(model) <= 400e6
    assert model.count_params() <= 1e6


def test_edge_gives_a_logit_that_is_the_mean_of_its_patches():
    outputs = networks.build("edge").predict_on_batch(PIXELS)
    assert outputs["patches"].shape == (2, 14, 14, 1)
    assert outputs["logit"][:, 0] == pytest.approx(outputs["patches"].mean((1, 2, 3)), abs=1e-4)


def test_a_logit_of_its_own_begins_as_the_mean_of_the_patches():
    first, plain = networks.build("edge"), networks.deployable("edge")
    networks.deploy(first, plain)
    own = networks.build("edge", pooling="features")
    networks.undeploy(plain, own)
    for name, expected in plain.predict_on_batch(PIXELS).items():
        assert own.predict_on_batch(PIXELS)[name] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("stem", STEMS)
def test_the_deployable_edge_is_the_same_function_in_stock_layers(stem, tmp_path):
    trained = networks.build("edge", stem=stem)
    for variable in trained.trainable_variables:  # gains and biases away from where they start
        variable.assign(np.random.default_rng(2).normal(0.5, 0.2, variable.shape))
    path = tmp_path / "model.keras"
    plain = networks.deployable("edge", stem=stem)
    networks.deploy(trained, plain)
    plain.save(path)
    loaded = keras.models.load_model(path, custom_objects={}, compile=False)
    assert all(type(layer).__module__.startswith("keras.") for layer in loaded.layers)
    for name, expected in trained.predict_on_batch(PIXELS).items():
        scale = np.abs(expected).max()
        assert loaded.predict_on_batch(PIXELS)[name] / scale == pytest.approx(expected / scale, abs=2e-5)


def test_the_finder_stays_within_its_budget():
    model = networks.build("finder")
    assert multiply_adds(model, np.zeros((1, 256, 256, 3), np.uint8)) <= 60e6
    assert model.count_params() <= 400e3


@pytest.mark.parametrize(
    ("name", "options"),
    [("edge", {}), ("edge", {"pooling": "features"}), ("edge", {"pooling": "features", "readings": 3}), ("finder", {})],
)
def test_training_can_begin_from_what_was_deployed(name, options):
    first, plain, second, again = (f(name, **options) for f in (networks.build, networks.deployable) * 2)
    for variable in first.trainable_variables:
        variable.assign(np.random.default_rng(2).normal(0.5, 0.2, variable.shape))
    networks.deploy(first, plain)
    networks.undeploy(plain, second)
    networks.deploy(second, again)
    for one, two in zip(plain.get_weights(), again.get_weights(), strict=True):
        assert two == pytest.approx(one, rel=1e-4, abs=1e-5)


def test_what_begins_from_long_trained_weights_learns_as_slowly_as_they_did():
    first, plain, second = networks.build("edge"), networks.deployable("edge"), networks.build("edge")
    for layer in first.layers:
        if isinstance(layer, StandardisedConv2D):
            layer.kernel.assign(np.random.default_rng(2).normal(0, TRAINED, layer.kernel.shape))
    networks.deploy(first, plain)
    networks.undeploy(plain, second)
    before, changes = plain.get_weights(), []
    for model in (first, second):
        model.compile(optimizer("muon", 0.01, 0.0, 0.9), loss={"logit": "mse"})
        model.train_on_batch(PIXELS, {"logit": np.ones((2, 1), np.float32)})
        networks.deploy(model, plain)
        changes.append([after - weights for after, weights in zip(plain.get_weights(), before, strict=True)])
    for one, two in zip(*changes, strict=True):
        assert np.abs(two).mean() == pytest.approx(np.abs(one).mean(), rel=0.3)


@pytest.mark.parametrize(
    ("had", "has", "more"),
    [({}, {"grown": [1, 2]}, "grown16_1b"), ({"grown": [1, 0]}, {"grown": [1, 1]}, "grown16_0b")],
)
def test_a_grown_network_begins_as_what_it_grew_from(had, has, more):
    first, plain, grown = (
        networks.build("edge", **had),
        networks.deployable("edge", **had),
        networks.build("edge", **has),
    )
    networks.deploy(first, plain)
    networks.undeploy(plain, grown)
    expected, found = (model.predict_on_batch(PIXELS)["patches"] for model in (first, grown))
    assert found == pytest.approx(expected, abs=1e-4)
    before = grown.get_layer(more).gain.numpy()
    grown.compile(keras.optimizers.Adam(1e-2), loss={"logit": "mse"})
    grown.train_on_batch(PIXELS, {"logit": np.ones((2, 1), np.float32)})
    assert (grown.get_layer(more).gain.numpy() != before).any()  # and learns


def test_training_does_not_begin_from_another_network():
    with pytest.raises(UsageError, match="the same network"):
        networks.undeploy(networks.deployable("edge"), networks.build("finder"))
    for name, options in (("finder", {}), ("edge", {"widths": (48, 80, 64)})):  # without patches, or with narrower ones
        with pytest.raises(UsageError, match="the same network"):
            networks.undeploy(networks.deployable(name, **options), networks.build("edge", pooling="features"))
    with pytest.raises(UsageError, match="the same network"):
        networks.undeploy(networks.deployable("edge", widths=(32, 80, 128)), networks.build("edge"))
    with pytest.raises(UsageError, match="the same network"):
        networks.undeploy(networks.deployable("edge", grown=[1, 1]), networks.build("edge", grown=[1, 0]))


def test_serenity_is_the_network_it_is_said_to_be():
    model = networks.build("serenity")
    filters = [layer.filters for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    units = [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert (filters, units) == ([32, 64, 128], [128, 1])
    probability = model.predict_on_batch(PIXELS)["probability"]
    assert ((probability > 0) & (probability < 1)).all()


@pytest.mark.parametrize(
    ("name", "parameters"), [("tiny_ladeda", 1297), ("meso4", 24137), ("mobilenet", 927585), ("mobilenet_v2", 2225153)]
)
def test_baselines_have_the_shape_of_their_papers_and_are_saved_as_they_are(name, parameters):
    model, plain = networks.build(name), networks.deployable(name)
    assert sum(int(np.prod(weights.shape)) for weights in model.trainable_weights) == parameters
    networks.deploy(model, plain)
    assert plain.predict_on_batch(PIXELS)["logit"] == pytest.approx(model.predict_on_batch(PIXELS)["logit"], abs=1e-5)


@pytest.mark.parametrize("name", ["serenity", "meso4", "tiny_ladeda", "mobilenet", "mobilenet_v2"])
def test_a_baseline_can_be_loaded_by_keras_alone(name, tmp_path):
    model = networks.build(name)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={}, compile=False)
    for found, expected in zip(loaded.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", ["meso4", "tiny_ladeda", "mobilenet", "mobilenet_v2"])
def test_normalisation_settles_in_a_few_hundred_steps(name):
    layers = [one for one in networks.build(name).layers if isinstance(one, keras.layers.BatchNormalization)]
    assert layers
    assert all(layer.momentum**500 < 0.01 for layer in layers)


def test_gradients_of_tiny_ladeda_are_not_trained():
    layer = networks.build("tiny_ladeda").get_layer("gradient")
    assert not layer.trainable_weights
    assert np.asarray(layer.kernel)[:, :, 1, 0].tolist() == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def test_an_unknown_network_is_named_with_those_that_exist():
    with pytest.raises(UsageError, match="edge, finder, serenity, meso4"):
        networks.build("resnet")
