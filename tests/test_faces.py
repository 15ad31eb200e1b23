from itertools import pairwise

import numpy as np
import pytest
import tiny
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_detect import faces
from edge_detect.card import unpack
from edge_detect.errors import ModelError
from edge_detect.network import Network
from training.targets import targets

SIDE = 256


def as_outputs(boxes) -> dict[str, np.ndarray]:
    """What a perfect finder would answer for a frame with these certain boxes."""
    wanted = targets(SIDE, np.array(boxes, np.float32).reshape(-1, 4), np.ones(len(boxes), bool))
    heat = np.log(
        np.clip(wanted["heat"][..., :1], 1e-4, 1 - 1e-4) / (1 - np.clip(wanted["heat"][..., :1], 1e-4, 1 - 1e-4))
    )
    return {"heat": heat, "size": wanted["size"][..., :2], "offset": wanted["offset"][..., :2]}


@given(st.floats(10, 200), st.floats(10, 200), st.floats(12, 100), st.floats(12, 100))
def test_decoding_the_targets_of_a_box_gives_the_box(x, y, width, height):
    box = (x, y, x + width, y + height)
    assume(max(box) <= SIDE)
    found, scores = faces.decode(as_outputs([box]), 0.9)
    assert len(scores) == 1
    assert found[0] == pytest.approx(box, abs=0.01)


def test_faces_that_do_not_touch_are_all_decoded():
    boxes = [(10, 10, 30, 34), (60, 12, 90, 48), (100, 120, 220, 250)]
    found, _ = faces.decode(as_outputs(boxes), 0.9)
    assert np.array(sorted(found.tolist())) == pytest.approx(np.array(sorted(boxes)), abs=0.1)


def test_a_doubtful_box_is_neither_wanted_nor_punished():
    wanted = targets(SIDE, np.array([(80, 80, 120, 120)], np.float32), np.zeros(1, bool))
    assert wanted["heat"][..., 0].max() == 0
    assert (wanted["heat"][10:15, 10:15, 1] == 0).all()
    assert wanted["heat"][..., 1].sum() == 32 * 32 - 25


def test_of_overlapping_boxes_the_surest_remains():
    boxes = np.array([(0, 0, 10, 10), (1, 1, 11, 11), (30, 30, 40, 40)], np.float32)
    assert faces.suppress(boxes, np.array([0.5, 0.9, 0.7], np.float32)) == [1, 2]


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_tiles_cover_the_picture(width, height):
    cut = faces.tiles(width, height)
    assert len(cut) <= 16
    covered_x = sorted({(left, right) for left, _, right, _ in cut})
    covered_y = sorted({(top, bottom) for _, top, _, bottom in cut})
    for spans, length in ((covered_x, width), (covered_y, height)):
        assert (spans[0][0], spans[-1][1]) == (0, length)
        assert all(later[0] <= earlier[1] for earlier, later in pairwise(spans))


def test_a_letterbox_keeps_the_aspect_and_fills_with_black():
    frame, scale = faces.letterbox(np.full((100, 200, 3), 255, np.uint8), SIDE)
    assert scale == pytest.approx(1.28)
    assert (frame[:128] == 255).all()
    assert (frame[128:] == 0).all()


@pytest.fixture(scope="module")
def finder():
    return faces.FaceFinder(Network(*unpack(tiny.packed_finder())))


def test_tiles_find_faces_half_as_large(finder):
    """A red spot of 8 pixels in 128 is half a cell for the whole picture, and a cell in a tile."""
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[40:48, 72:80] = (150, 0, 0)
    assert finder.find(picture) == []
    (face,) = finder.find(picture, small_faces=True)
    assert face.box.to_list() == [60, 28, 92, 60]


def test_a_face_that_a_tile_cuts_is_left_to_the_others(finder):
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[56:64, 56:64] = (255, 0, 0)
    cut, whole = (0, 0, 64, 64), (32, 32, 96, 96)
    assert len(finder._search_tile(picture, cut, 0.3)[0]) == 0
    assert finder._search_tile(picture, whole, 0.3)[0].tolist() == [[44, 44, 76, 76]]
    corner = finder._search_tile(picture[56:, 56:], (0, 0, 64, 64), 0.3)[0]  # here the picture itself ends
    assert corner.tolist() == [[-12, -12, 20, 20]]


def test_boxes_do_not_leave_the_picture(finder):
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[:16, :16] = (255, 0, 0)
    (face,) = finder.find(picture)
    assert face.box.to_list() == [0, 0, 40, 40]


def test_a_higher_threshold_keeps_fewer_faces(finder):
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[16:32, 16:32], picture[96:112, 96:112] = (70, 0, 0), (255, 0, 0)
    assert len(finder.find(picture, threshold=0.1)) == 2
    assert len(finder.find(picture, threshold=0.4)) == 1


def test_a_picture_no_larger_than_the_input_is_searched_once(finder):
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[20:24, 36:40] = (150, 0, 0)  # a tile would see it
    assert finder.find(picture, small_faces=True) == []


def test_neighbours_that_disagree_about_the_box_lower_the_score():
    agreed = as_outputs([(80, 80, 140, 140)])
    lone = {**agreed, "offset": np.random.default_rng(0).uniform(-4, 4, agreed["offset"].shape)}
    lone["offset"][13, 13] = agreed["offset"][13, 13]
    (sure,), (doubted,) = (faces.decode(outputs, 0.01)[1] for outputs in (agreed, lone))
    assert doubted < 0.7 * sure


def test_a_score_just_at_the_threshold_counts_and_one_just_below_does_not():
    outputs = as_outputs([(80, 80, 140, 140)])
    (score,) = faces.decode(outputs, 0.1)[1]
    assert len(faces.decode(outputs, float(score))[1]) == 1
    assert len(faces.decode(outputs, float(np.nextafter(score, np.float32(1))))[1]) == 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda o: {**o, "heat": np.full_like(o["heat"], np.nan)}, "not a number"),
        (lambda o: {**o, "size": np.full_like(o["size"], np.nan)}, "not a number"),
        (lambda o: {**o, "offset": np.full_like(o["offset"], np.inf)}, "not a number"),
        (lambda o: {**o, "heat": o["size"], "size": o["heat"]}, "the shapes of heat, size and offset"),
    ],
)
def test_answers_that_make_no_sense_are_model_errors(spoil, message):
    with pytest.raises(ModelError, match=message):
        faces.decode(spoil(as_outputs([(80, 80, 140, 140)])), 0.5)


def test_a_finder_whose_card_lacks_an_output_is_refused():
    flatbuffer, card = unpack(tiny.packed_finder(outputs={"heat": 0, "offset": 2}))
    with pytest.raises(ModelError, match="no output 'size'"):
        faces.FaceFinder(Network(flatbuffer, card))


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 4), min_size=1, max_size=6))
def test_overlaps_are_those_of_counted_pixels(corners):
    boxes = np.array([(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1) for a, b, c, d in corners], np.float32)
    masks = np.zeros((len(boxes), 52, 52), bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.astype(int), strict=True):
        mask[y0:y1, x0:x1] = True
    shared, either = (masks[0] & masks).sum((1, 2)), (masks[0] | masks).sum((1, 2))
    assert faces.overlaps(boxes[0], boxes) == pytest.approx(shared / either, abs=1e-5)


def test_a_mirrored_answer_is_turned_back():
    box = (40, 80, 101, 150)
    mirrored = as_outputs([(SIDE - box[2], box[1], SIDE - box[0], box[3])])
    found, _ = faces.decode(faces.unmirror(mirrored), 0.5)
    assert found[0] == pytest.approx(box, abs=0.1)
