import dataclasses
import itertools
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pictures
import pytest

from edge_detect.errors import EdgeDetectError, PictureError, UsageError
from edge_detect.manifest import read_manifest
from training import crops, feed
from training.recipe import Recipe

RECIPE = Recipe(
    "x",
    "1",
    "edge",
    manifests=(),
    crops=1000,
    seed=5,
    batch=8,
    input_side=64,
    crop_sides=(32, 48),
    ramp=100,
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    return read_manifest(pictures.write(tmp_path_factory.mktemp("data")))


@pytest.fixture
def maker(samples):
    return crops.CropMaker(samples, RECIPE)


def test_batches_are_pixels_and_labels_of_one_size(maker):
    with_batches = feed.batches(maker)
    for pixels, answers in itertools.islice(with_batches, 4):
        labels = answers["logit"]
        assert pixels.dtype == np.uint8
        assert pixels.shape in {(8, side, side, 3) for side in RECIPE.crop_sides}
        assert (labels.shape, labels.dtype) == ((8, 1), np.float32)
    with_batches.close()


def test_a_run_that_starts_in_the_middle_gets_the_batches_it_would_have_got(maker):
    whole, resumed = feed.batches(maker), feed.batches(maker, start=3)
    first = list(itertools.islice(whole, 5))[3:]
    for (pixels, answers), (again, answers_again) in zip(first, itertools.islice(resumed, 2), strict=True):
        assert np.array_equal(pixels, again)
        assert np.array_equal(answers["logit"], answers_again["logit"])
    whole.close()
    resumed.close()


@pytest.mark.parametrize(("cores", "ahead"), [(2, 12), (20, 40)])
def test_every_core_has_a_batch_to_make(maker, monkeypatch, cores, ahead):
    asked = []

    class Pool(ThreadPoolExecutor):
        """Processes that were told what to make, and made nothing."""

        def __init__(self, workers, *_):
            super().__init__(1)
            assert workers == cores

        def submit(self, _, number):
            asked.append(number)
            return super().submit(lambda: number)

    monkeypatch.setattr("os.cpu_count", lambda: cores)
    monkeypatch.setattr("training.feed.ProcessPoolExecutor", Pool)
    stream = feed.batches(maker, start=3)
    assert list(itertools.islice(stream, 2)) == [3, 4]
    assert asked == list(range(3, 3 + ahead + 2))
    stream.close()


def test_a_picture_that_cannot_be_decoded_is_named(samples, tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"nonsense")
    maker = crops.CropMaker([dataclasses.replace(sample, path=path) for sample in samples], RECIPE)
    stream = feed.batches(maker)
    with pytest.raises(PictureError, match=r"broken\.jpg: not a picture"):
        next(stream)


def test_a_picture_that_is_gone_is_named(samples, tmp_path):
    maker = crops.CropMaker([dataclasses.replace(sample, path=tmp_path / "gone.jpg") for sample in samples], RECIPE)
    with pytest.raises(FileNotFoundError, match=r"gone\.jpg"):
        next(feed.batches(maker))


def test_a_recipe_that_asks_for_what_is_not_there_is_refused_before_any_process_is_started(samples):
    with pytest.raises(UsageError, match=r"pairs \(0\.7\) and blends \(0\.7\) are more than a batch"):
        crops.CropMaker(samples, dataclasses.replace(RECIPE, paired=0.7, blended=0.7))


def test_a_run_whose_parent_is_ended_saves_its_state(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    parent = subprocess.Popen([sys.executable, script, tmp_path / "begun", tmp_path / "saved"])
    deadline = time.monotonic() + 60
    while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    parent.terminate()
    parent.wait()
    while not (tmp_path / "saved").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (tmp_path / "saved").exists()


_PARENT = """
import sys, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from training.feed import end_with_parent
from training.interrupt import StopRequest

def work(begun, saved):
    with StopRequest() as stop:
        Path(begun).touch()
        while not stop.asked:
            time.sleep(0.05)
        Path(saved).touch()

if __name__ == "__main__":
    with ProcessPoolExecutor(1, get_context("spawn"), end_with_parent) as process:
        process.submit(work, *sys.argv[1:]).result()
"""


class Killed:
    """A maker whose process the system ends."""

    def load(self):
        pass

    def make(self, number):
        os._exit(number)


def test_when_a_process_is_ended_from_outside_it_is_said_how_to_go_on():
    with pytest.raises(EdgeDetectError, match="want of memory; free some, then go on with --resume"):
        next(feed.batches(Killed()))
