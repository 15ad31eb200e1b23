import numpy as np
import pytest

from edge_detect import Detector, image
from edge_detect.errors import ModelError
from edge_detect.heatmap import FAKE, OPACITY, REAL, can_be_drawn, heatmap, tinted


def test_a_patch_is_warm_for_fake_cool_for_real_and_clear_in_between():
    grey = np.full((60, 60, 3), 100, np.uint8)
    painted = tinted(grey, np.array([[1, 0.5, 0]], np.float32))
    for column, tint, opacity in ((0, FAKE, OPACITY), (30, grey[0, 0], 0), (59, REAL, OPACITY)):
        expected = (1 - opacity) * 100 + opacity * np.array(tint)
        np.testing.assert_allclose(painted[0, column], expected, atol=3)


def test_the_shares_of_patches_are_their_calibrated_logits():
    from training.demo import portrait

    pixels, box = portrait("hopper")
    detector = Detector.load(whole_image=True)
    square = image.face_square((box.x0, box.y0, box.x1, box.y1), pixels.shape[1], pixels.shape[0])
    crop = image.resize(image.cut(pixels, square), detector.card.input_side)
    run = detector._classifier.run
    logits = run(crop)["patches"]
    if detector.card.mirrored:
        logits = (logits + run(np.ascontiguousarray(crop[:, ::-1]))["patches"][:, ::-1]) / 2
    shares = detector.patches(crop)
    assert shares.shape == (14, 14)
    for share, logit in zip(shares.ravel(), logits.ravel(), strict=True):
        assert share == pytest.approx(detector.card.calibration.probability(float(logit)), abs=1e-6)


def test_only_the_crops_of_faces_are_tinted(tiny_finder):
    detector = Detector.load(finder=tiny_finder)
    picture = np.zeros((512, 512, 3), np.uint8)
    picture[256:320, 256:320] = (255, 0, 0)
    inspection = detector.inspect(picture)
    (square,) = inspection.squares
    changed = (heatmap(inspection, detector) != picture).any(axis=2)
    inside = np.zeros_like(changed)
    inside[square.top : square.bottom, square.left : square.right] = True
    assert changed[inside].mean() > 0.5
    assert not changed[~inside].any()


def test_an_unreadable_picture_has_a_black_heatmap():
    detector = Detector.load(whole_image=True)
    assert not heatmap(detector.inspect(b"no picture"), detector).any()


def test_a_model_without_patches_has_no_heatmap(tiny_model):
    detector = Detector.load(tiny_model, whole_image=True)
    assert not can_be_drawn(detector)
    with pytest.raises(ModelError, match="says nothing of patches"):
        detector.patches(np.zeros((16, 16, 3), np.uint8))
