"""The optimizers that a recipe may name."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from edge_detect.errors import UsageError  # noqa: E402
from training.optimizer import optimizer  # noqa: E402

RATE = 0.01


def step(name, shape, gradient):
    """What one step changes in a variable of ones, without decay."""
    variable = keras.Variable(np.ones(shape, np.float32), name="kernel")
    chosen = optimizer(name, RATE, 0.0, 0.9)
    chosen.build([variable])
    chosen.apply([gradient])
    return np.array(variable) - 1


def test_muon_turns_a_kernel_as_far_along_every_direction():
    gradient = np.random.default_rng(1).normal(size=(3, 3, 8, 16)).astype(np.float32)
    gradient[..., 0] *= 30
    change = step("muon", gradient.shape, gradient).reshape(72, 16)
    strengths = np.linalg.svd(change, compute_uv=False)
    assert strengths.max() < 2 * strengths.min()
    left, _, right = np.linalg.svd(gradient.reshape(72, 16), full_matrices=False)
    assert np.corrcoef((left @ right).ravel(), -change.ravel())[0, 1] > 0.95  # the nearest orthogonal matrix, downhill
    assert np.sqrt((change**2).mean()) == pytest.approx(0.2 * RATE, rel=0.25)  # as AdamW's steps usually are


@pytest.mark.parametrize("shape", [(16,), (16, 4), (1, 1, 16, 1)])
def test_what_is_no_kernel_of_filters_goes_by_adamw(shape):
    gradient = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    assert step("muon", shape, gradient) == pytest.approx(step("adamw", shape, gradient), rel=1e-3)


def test_biases_and_gains_do_not_decay():
    for name in ("adamw", "muon"):
        variables = [
            keras.Variable(np.ones((1, 1, 4, 4), np.float32), name=part) for part in ("kernel", "bias", "gain")
        ]
        chosen = optimizer(name, RATE, 0.5, 0.9)
        chosen.build(variables)
        chosen.apply([np.zeros((1, 1, 4, 4), np.float32)] * 3)
        assert [float(np.mean(variable)) for variable in variables] == pytest.approx([1 - 0.5 * RATE, 1, 1])


def test_an_unknown_optimizer_is_named():
    with pytest.raises(UsageError, match="unknown optimizer 'sgd'; there are adamw, muon"):
        optimizer("sgd", RATE, 0.0, 0.9)
