import dataclasses

import cv2
import numpy as np
import pictures
import pytest
import zoo

from edge_detect.errors import PictureError
from edge_detect.manifest import FAKE, REAL, read_manifest
from edge_detect.results import Box
from training import blend, crops
from training.crops import ENOUGH, UNKNOWN, CropMaker, Layer, patch_answers, random_window, window_over
from training.recipe import Recipe

RECIPE = Recipe("x", "1", "edge", manifests=(), crops=1000, batch=8, input_side=96, crop_sides=(64,), ramp=0)
BOX = Box(20, 16, 80, 84)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    found = read_manifest(pictures.write(tmp_path_factory.mktemp("data")))
    return [dataclasses.replace(s, group=s.path.stem, box=(20, 16, 80, 84)) for s in found]


def make(samples, number=0, **changes):
    maker = CropMaker(samples, dataclasses.replace(RECIPE, **changes))
    maker.load()
    return maker.make(number)


def noise(seed=1):
    return np.random.default_rng(seed).integers(0, 256, (96, 96, 3), np.uint8)


def test_a_blend_leaves_the_picture_alone_where_its_mask_is_zero_or_changes_all_of_it_below():
    untouched = 0
    for seed in range(20):
        fake, mask = blend.self_blend(noise(), BOX, np.random.default_rng(seed))
        assert (fake.shape, fake.dtype, mask.shape) == ((96, 96, 3), np.uint8, (96, 96))
        assert 0 <= mask.min() <= mask.max() <= 1
        assert mask.max() > 0.5
        assert (fake[mask > 0.5] != noise()[mask > 0.5]).any()
        untouched += np.array_equal(fake[mask == 0], noise()[mask == 0])
    assert 5 <= untouched <= 15  # either the copy is changed, or what lies below


def test_most_self_blended_faces_have_lost_detail():
    def detail(picture, mask):
        return np.abs(np.diff(picture.astype(int), axis=1))[mask[:, 1:] > 0.9].mean()

    soft = []
    for seed in range(60):
        fake, mask = blend.self_blend(noise(), BOX, np.random.default_rng(seed))
        soft.append(detail(fake, mask) < 0.4 * detail(noise(), mask))
    assert 0.4 < np.mean(soft) < 0.6  # 0.17 if none lost any on purpose, 0.67 if all did


def test_another_face_is_laid_where_the_mask_says_and_the_most_alike_is_taken():
    target = zoo.scene()
    alike, (height, width) = cv2.GaussianBlur(target, (0, 0), 2), target.shape[:2]
    box, elsewhere = Box(24, 8, 72, 56), Box(0, 0, 48, 48)
    moved_over = cv2.warpAffine(alike, np.array([[1.0, 0, -24], [0, 1, -8]]), (width, height))
    for seed in range(10):
        fake, mask = blend.cross_blend(
            target, box, [(target[::-1, ::-1], box), (moved_over, elsewhere)], np.random.default_rng(seed)
        )
        assert (fake.shape, fake.dtype, mask.shape) == (target.shape, np.uint8, (height, width))
        assert np.array_equal(fake[mask == 0], target[mask == 0])
        inside = mask > 0.9
        assert inside.any()
        assert (fake[inside] != target[inside]).any()
        assert np.abs(fake[inside].astype(int) - target[inside]).mean() < 60  # the other one's quarters are others


def test_a_face_outside_the_picture_is_no_reason_to_stop():
    outside = Box(120, 100, 150, 140)
    fake, mask = blend.cross_blend(zoo.scene(), outside, [(zoo.scene(), outside)], np.random.default_rng(1))
    assert np.array_equal(fake[mask == 0], zoo.scene()[mask == 0])


def test_a_face_box_beside_what_is_scored_is_told_and_not_taught(samples):
    beside = [dataclasses.replace(sample, box=(500, 10, 600, 100)) for sample in samples]
    with pytest.raises(PictureError, match=r"\.png: its face box is outside of what is scored; see labels\.csv"):
        make(beside, blended=1.0)


def test_faces_are_crossed_as_often_as_the_recipe_says(samples, monkeypatch):
    laid = []
    for name in ("self_blend", "cross_blend"):
        made = getattr(blend, name)
        monkeypatch.setattr(crops, name, lambda *given, made=made, name=name: laid.append(name) or made(*given))
    make(samples, blended=1.0)
    assert set(laid) == {"self_blend"}
    _, answers = make(samples, blended=1.0, crossed=1.0)
    assert laid[-4:] == ["cross_blend"] * 4
    assert answers["logit"][:, 0].tolist() == [REAL, FAKE] * 4
    assert 0 < answers["patches"][1::2].mean() < 1


def test_blends_and_their_reals_share_window_and_damage(samples):
    flat = np.full((96, 96, 3), 90, np.uint8)
    window = random_window(96, 64, np.random.default_rng(3))
    assert np.array_equal(window.cut(flat), np.full((64, 64, 3), 90, np.uint8))
    pixels, answers = make(samples, blended=1.0, strength=1.0)
    assert answers["logit"][:, 0].tolist() == [REAL, FAKE] * 4
    differing = [(np.abs(r.astype(int) - f).max(2) > 24).mean() for r, f in zip(pixels[::2], pixels[1::2], strict=True)]
    assert np.mean(differing) < 0.4  # differently damaged ones differ nearly everywhere
    assert (answers["patches"][::2] == 0).all()
    assert 0 < answers["patches"][1::2].mean() < 1


def test_pairs_are_a_real_and_a_fake_of_one_group(samples):
    _, answers = make(samples, paired=1.0)
    assert answers["logit"][:, 0].tolist() == [REAL, FAKE] * 4


def test_a_fake_beside_its_original_tells_which_patches_were_changed(samples, tmp_path):
    original = np.full((96, 96, 3), 90, np.uint8)
    fake = original.copy()
    fake[32:64, 32:64] += 40
    for label, picture in (("real", original), ("fake", fake)):
        (tmp_path / label).mkdir()
        (tmp_path / label / "one.png").write_bytes(zoo.encode(picture, "PNG"))
    pair = [dataclasses.replace(sample, group="one") for sample in read_manifest(tmp_path)]
    _, answers = make(pair, paired=1.0, partial=(pair[0].source,), crop_sides=(96,))
    assert (answers["patches"][::2] == 0).all()
    changed = answers["patches"][1::2, ..., 0]
    assert changed[:, 2:4, 2:4].mean() > 0.8
    assert changed.mean() < 0.4
    _, answers = make(samples, paired=1.0, partial=(samples[0].source,))
    assert (answers["patches"][1::2] == UNKNOWN).all()  # not the same moment: nothing is known


def test_a_spliced_crop_is_fake_when_enough_of_it_is(samples):
    pixels, answers = make(samples, spliced=1.0)
    whole, apart = make(samples)
    labels, patches = answers["logit"][:, 0], answers["patches"]
    assert labels == pytest.approx(np.minimum(1, patches.mean((1, 2, 3)) / ENOUGH))  # fake in part is fake
    assert ((patches.min((1, 2, 3)) == 0) & (labels == 1)).any()
    changed = (pixels != whole).any(-1).reshape(8, 4, 16, 4, 16).any((2, 4))
    assert (changed.mean((1, 2)) < 1).all()  # each keeps a part of its own
    assert changed.any()
    assert (patches[..., 0][~changed] == apart["patches"][..., 0][~changed]).all()
    some, _ = make(samples, spliced=0.25)
    assert (some != whole).any((1, 2, 3)).sum() <= 2


def test_of_patches_is_known_what_the_picture_tells(samples):
    _, answers = make(samples)
    assert (answers["patches"].mean((1, 2, 3)) == answers["logit"][:, 0]).all()
    _, answers = make(samples, partial=(samples[0].source,))
    fakes = answers["logit"][:, 0] == FAKE
    assert (answers["patches"][fakes] == UNKNOWN).all()
    assert (answers["patches"][~fakes] == 0).all()


def test_a_mask_becomes_the_share_of_each_patch():
    mask = np.zeros((96, 96), np.float32)
    mask[:, 48:] = 1
    window = dataclasses.replace(
        random_window(96, 64, np.random.default_rng(1)), left=8, top=0, mirrored=False, turn=None
    )
    assert patch_answers(mask, window).tolist() == [[0, 0, 0.5, 1]] * 4
    assert patch_answers(mask, dataclasses.replace(window, mirrored=True)).tolist() == [[1, 0.5, 0, 0]] * 4


def test_zoomed_windows_show_the_picture_at_another_scale():
    ramp = np.tile(np.linspace(0, 1, 224, dtype=np.float32), (224, 1))
    windows = [random_window(224, 112, np.random.default_rng(seed), zoomed=1.0) for seed in range(60)]
    shares = [float(np.ptp(window.cut(ramp)[0])) for window in windows]  # how much of the picture's width is seen
    assert all(window.cut(ramp).shape == (112, 112) for window in windows)
    assert min(shares) < 0.4
    assert max(shares) > 0.65
    assert max(random_window(96, 96, np.random.default_rng(seed), zoomed=1.0).span for seed in range(20)) == 96


def test_windows_are_drawn_again_until_they_show_the_blend():
    mask = np.zeros((96, 96), np.float32)
    mask[32:64, 32:64] = 1
    layer = Layer(noise(), mask, FAKE)
    covers = [window_over(layer, 24, np.random.default_rng(seed)).cut(mask).mean() for seed in range(40)]
    at_once = [random_window(96, 24, np.random.default_rng(seed)).cut(mask).mean() for seed in range(40)]
    assert np.mean(np.array(covers) >= 0.1) > 0.9 > np.mean(np.array(at_once) >= 0.1)


def test_unknown_patches_weigh_nothing():
    keras = pytest.importorskip("keras")
    from training.classifier import PatchLoss

    logits = np.array([[2.0, -1.0], [30.0, -30.0]], np.float32).reshape(2, 1, 2, 1)
    answers = np.array([[1.0, 0.25], [UNKNOWN, UNKNOWN]], np.float32).reshape(2, 1, 2, 1)
    expected = keras.losses.BinaryCrossentropy(from_logits=True)(answers[:1], logits[:1])
    assert float(PatchLoss(0.5, 0.0)(answers, logits)) == pytest.approx(0.5 * float(expected), rel=1e-5)
    assert float(PatchLoss(0.5, 0.0)(np.full_like(answers, UNKNOWN), logits)) == 0
