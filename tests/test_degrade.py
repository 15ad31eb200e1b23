import inspect

import numpy as np
import pytest
import zoo
from hypothesis import given
from hypothesis import strategies as st

from training import degrade

PICTURE = zoo.scene()
SINGLE = {
    "colour": degrade.colour,
    "grayscale": lambda p, rng: degrade.grayscale(p),
    "blur": degrade.blur,
    "rescale": lambda p, rng: degrade.rescale(p, rng, 0.3),
    "noise": degrade.noise,
    "compress": lambda p, rng: degrade.compress(p, rng, 40),
}


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_the_same_seed_gives_the_same_pixels_of_the_same_shape(seed, strength):
    for damage in (degrade.degrade, degrade.degrade_small):
        one, two = (damage(PICTURE, np.random.default_rng(seed), strength) for _ in range(2))
        assert np.array_equal(one, two)
        assert (one.shape, one.dtype) == (PICTURE.shape, np.uint8)


@pytest.mark.parametrize("name", SINGLE)
def test_each_damage_changes_the_picture_but_leaves_it_recognisable(name):
    damaged = [SINGLE[name](PICTURE, np.random.default_rng(seed)) for seed in range(20)]
    assert any((picture != PICTURE).any() for picture in damaged)
    for picture in damaged:
        if name not in ("grayscale", "colour"):
            assert np.abs(picture.astype(int) - PICTURE).mean() < 25


def test_a_small_face_keeps_its_place_and_loses_what_is_finer_than_its_pixels():
    fine = np.indices((96, 96)).sum(0) % 2 * 200
    picture = np.repeat(fine[..., None], 3, axis=2).astype(np.uint8)
    picture[:, 48:] = 250
    for seed in range(20):
        small = degrade.degrade_small(picture, np.random.default_rng(seed), 0.0)
        assert (small.shape, small.dtype) == (picture.shape, np.uint8)
        assert small[:, 60:].mean() > small[:, :36].mean() + 30
        assert small[:, :36].astype(float).std() < 0.9 * picture[:, :36].std()


def test_damage_grows_with_strength():
    def mean_change(strength):
        changes = [
            np.abs(degrade.degrade(PICTURE, np.random.default_rng(seed), strength).astype(int) - PICTURE).mean()
            for seed in range(300)
        ]
        return np.mean(changes)

    assert mean_change(1.0) > mean_change(0.0)


def test_the_input_is_left_alone():
    before = PICTURE.copy()
    for seed in range(50):
        degrade.degrade(PICTURE, np.random.default_rng(seed), 1.0)
    assert np.array_equal(PICTURE, before)


def test_the_label_is_no_argument_so_real_and_fake_are_damaged_alike():
    assert list(inspect.signature(degrade.degrade).parameters) == ["picture", "rng", "strength"]
