import dataclasses
import itertools

import numpy as np
import pictures
import pytest

from edge_detect.manifest import FAKE, read_manifest
from training import feed

OPTIONS = feed.FeedOptions(seed=5, batch=8, input_side=64, crop_sides=(32, 48), ramp=100, strength=1.0, balance=0.5)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return read_manifest(pictures.write(tmp_path_factory.mktemp("data")))


def test_batches_are_pixels_and_labels_of_one_size(samples):
    with_batches = feed.batches(samples, OPTIONS)
    for pixels, labels in itertools.islice(with_batches, 4):
        assert pixels.dtype == np.uint8
        assert pixels.shape in {(8, side, side, 3) for side in OPTIONS.crop_sides}
        assert (labels.shape, labels.dtype) == ((8, 1), np.float32)
    with_batches.close()


def test_a_run_that_starts_in_the_middle_gets_the_batches_it_would_have_got(samples):
    whole, resumed = feed.batches(samples, OPTIONS), feed.batches(samples, OPTIONS, start=3)
    first = list(itertools.islice(whole, 5))[3:]
    for (pixels, labels), (again, labels_again) in zip(first, itertools.islice(resumed, 2), strict=True):
        assert np.array_equal(pixels, again)
        assert np.array_equal(labels, labels_again)
    whole.close()
    resumed.close()


def test_real_and_fake_are_drawn_alike_and_balance_evens_out_sources(samples):
    fewer = [sample for sample in samples if sample.label == FAKE or int(sample.path.stem) < 10]
    mixed = [dataclasses.replace(s, source="big" if int(s.path.stem) < 32 else "small") for s in fewer]

    def share(balance, **wanted):
        chances = feed.probabilities(mixed, balance)
        fits = [all(getattr(sample, name) == value for name, value in wanted.items()) for sample in mixed]
        return chances[fits].sum()

    assert share(0.0, label=FAKE) == pytest.approx(0.5)
    assert share(0.0, label=FAKE, source="small") == pytest.approx(0.5 * 8 / 40)
    assert share(1.0, label=FAKE, source="small") == pytest.approx(0.25)
