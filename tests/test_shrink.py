"""Narrower networks that begin close to a trained one."""

import json

import numpy as np
import pictures
import pytest
from test_training_reading import write

keras = pytest.importorskip("keras")

from edge_detect.errors import UsageError  # noqa: E402
from training import networks  # noqa: E402
from training.fit import begin_from  # noqa: E402
from training.shrink import fit_layers, shrink, telling  # noqa: E402
from training.trained import trained_hash  # noqa: E402

PIXELS = np.random.default_rng(1).integers(0, 256, (40, 64, 64, 3), np.uint8)


def network(**options):
    """Random weights, as training leaves them: kernels with a mean of zero."""
    keras.utils.set_random_seed(3)
    trained, plain = (make("edge", pooling="features", **options) for make in (networks.build, networks.deployable))
    rng = np.random.default_rng(2)
    for variable in trained.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.1, variable.shape))
    networks.deploy(trained, plain)
    return plain


def alike(one, two) -> float:
    """The correlation of two networks' patches."""
    first, second = (np.ravel(model.predict_on_batch(PIXELS)["patches"]) for model in (one, two))
    return float(np.corrcoef(first, second)[0, 1])


@pytest.mark.parametrize("stem", ["space_to_depth", "strided"])
def test_as_wide_as_before_it_is_the_same_function(stem):
    wide = network(stem=stem, widths=(8, 8, 8))
    same = networks.deployable("edge", pooling="features", stem=stem, widths=(8, 8, 8))
    fit_layers(wide, same, PIXELS)
    for name, expected in wide.predict_on_batch(PIXELS).items():
        scale = np.abs(expected).max()
        assert same.predict_on_batch(PIXELS)[name] / scale == pytest.approx(expected / scale, abs=0.02)


def test_narrower_it_stays_close_and_its_kernels_have_a_mean_of_zero():
    wide = network(widths=(12, 12, 12), grown=[1, 1])
    narrow = networks.deployable("edge", pooling="features", widths=(9, 9, 9))
    before = alike(wide, narrow)
    fit_layers(wide, narrow, PIXELS)
    assert alike(wide, narrow) > max(0.5, before + 0.3)
    *body, _ = [layer for layer in narrow.layers if isinstance(layer, keras.layers.Conv2D)]
    for layer in body:
        kernel = layer.get_weights()[0]
        assert np.abs(kernel.mean(axis=(0, 1, 2))).max() < 0.02 * kernel.std()


def test_of_channels_that_say_the_same_one_stays():
    pixels = keras.Input((None, None, 3))
    twice = keras.Model(pixels, keras.ops.concatenate([pixels, 2.0 * pixels[..., :1]], axis=-1))
    assert telling(twice, 3, PIXELS[:4].astype("float32")).tolist() == [1, 2, 3]
    with pytest.raises(UsageError, match="there are 4 channels, of which 5"):
        telling(twice, 5, PIXELS[:4].astype("float32"))


def test_the_command_writes_what_a_recipe_may_begin_from(tmp_path):
    from checks import python

    options = {"widths": [6, 6, 6], "grown": [1, 0], "pooling": "features"}
    trained, data = write(tmp_path / "run", options), pictures.write(tmp_path / "data")
    model = trained / "best.keras"
    done = python(
        *("training", "shrink", model, "--data", data, "--out", tmp_path / "narrow"),
        *("--widths", "4,4,4", "--name", "small"),
    )
    assert done.returncode == 0, done.stderr
    card = json.loads((tmp_path / "narrow" / "best.json").read_text())
    assert card["name"] == "small"
    assert card["training"]["recipe"]["options"] == {"widths": [4, 4, 4], "grown": [0, 0], "pooling": "features"}
    assert card["training"]["shrunk_from"]["version"] == "1"
    about = begin_from(tmp_path / "narrow" / "best.keras", networks.build("edge", widths=[4, 4, 4], pooling="features"))
    assert about["begun_from"]["shrunk_from"]["sha256"] == trained_hash(model)


@pytest.mark.parametrize("options", [{}, {"pooling": "features", "readings": 3}])
def test_a_network_that_it_cannot_read_is_refused(options, tmp_path):
    trained = write(tmp_path / "run", {"widths": [4, 4, 4], **options})
    with pytest.raises(UsageError, match="whose logit reads the mean features"):
        shrink(trained / "best.keras", [], tmp_path / "narrow", (2, 2, 2), "small")
    with pytest.raises(UsageError, match="three numbers"):
        shrink(trained / "best.keras", [], tmp_path / "narrow", (2, 2), "small")
    with pytest.raises(UsageError, match="holds a trained model already"):
        shrink(trained / "best.keras", [], trained, (2, 2, 2), "small")
    with pytest.raises(UsageError, match="no trained model"):
        shrink(tmp_path / "none.keras", [], tmp_path / "narrow", (2, 2, 2), "small")
