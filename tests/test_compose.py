import dataclasses

import numpy as np
import pytest
import zoo

from edge_detect.manifest import FAKE, Sample
from edge_detect.scenes import Scene
from training.compose import Frame, FrameMaker, Labelled, finish, lay
from training.recipe import Recipe

RECIPE = Recipe("x", "1", "finder", manifests=(), crops=100, batch=6, input_side=64, ramp=0)
BLACK = np.zeros(3, np.uint8)


def labelled(*boxes) -> Labelled:
    return Labelled(zoo.scene(), np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(boxes), bool))


def test_a_laid_picture_takes_its_boxes_along():
    frame = Frame.blank(128, BLACK)
    lay(frame, labelled((10, 20, 30, 40)), scale=0.5, angle=0.0, centre=(64, 64), soft=False)
    corner = (64 - zoo.WIDTH / 4, 64 - zoo.HEIGHT / 4)
    expected = (corner[0] + 5, corner[1] + 10, corner[0] + 15, corner[1] + 20)
    assert frame.boxes[0] == pytest.approx(expected, abs=0.6)
    assert (frame.pixels[:, :30] == 0).all()
    assert frame.pixels[64, 64].any()


def test_a_covered_face_loses_its_box():
    frame = Frame.blank(128, BLACK)
    lay(frame, labelled((40, 24, 56, 40)), scale=1.0, angle=0.0, centre=(64, 64), soft=False)
    lay(frame, labelled(), scale=0.5, angle=0.0, centre=(64, 64), soft=False)
    assert len(frame.boxes) == 0


def test_boxes_that_leave_the_frame_are_dropped_and_tiny_ones_ignored():
    boxes = np.array([(100, 100, 160, 160), (10, 10, 13, 13), (20, 20, 60, 60)], np.float32)
    frame = Frame(np.zeros((128, 128, 3), np.uint8), boxes, np.ones(3, bool))
    done = finish(frame, np.random.default_rng(0), strength=0.0)
    assert len(done.boxes) == 2
    assert sorted(done.certain.tolist()) == [False, True]
    assert done.boxes.min() >= 0
    assert done.boxes.max() <= 128


@pytest.fixture
def maker(tmp_path):
    path = tmp_path / "scene.png"
    path.write_bytes(zoo.good()["plain.png"])
    box = np.array([(10, 20, 40, 50)], np.float32)
    with_face = Scene(path, "s", "train", box, np.ones(1, bool), zoo.WIDTH)
    without = dataclasses.replace(with_face, boxes=box[:0], certain=np.zeros(0, bool))
    crop = Sample(path, FAKE, "s", "m", "g", "train", (10, 10, 50, 50))
    made = FrameMaker([with_face, without], [crop], RECIPE)
    made.load()
    return made


def test_batches_of_frames_are_the_same_each_time_and_differ_from_each_other(maker):
    one, again, other = maker.make(3), maker.make(3), maker.make(4)
    assert one[0].shape == (6, 64, 64, 3)
    assert {name: answer.shape for name, answer in one[1].items()} == {
        "heat": (6, 8, 8, 2),
        "size": (6, 8, 8, 3),
        "offset": (6, 8, 8, 3),
    }
    assert np.array_equal(one[0], again[0])
    assert all(np.array_equal(one[1][name], again[1][name]) for name in one[1])
    assert not np.array_equal(one[0], other[0])
