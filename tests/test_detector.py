import io
import json
import math

import cv2
import numpy as np
import pytest
import tiny
import zoo
from PIL import Image

from edge_detect import Detector, Verdict
from edge_detect.card import Thresholds
from edge_detect.errors import ModelError, PictureError, UsageError
from edge_detect.network import Network
from edge_detect.results import SCHEMA_VERSION

RED, GREEN, PINK = (255, 0, 0), (0, 255, 0), (130, 120, 120)


def plain(colour) -> np.ndarray:
    return np.full((40, 60, 3), colour, np.uint8)


@pytest.fixture
def detector(tiny_model):
    return Detector.load(tiny_model, whole_image=True)


def test_a_record_never_contradicts_its_verdict(tmp_path, detector):
    score = detector.detect(plain(PINK)).score
    path = tmp_path / "close.tflite"
    path.write_bytes(tiny.packed(thresholds=Thresholds(0.4, math.nextafter(score, 1))))
    record = json.loads(json.dumps(Detector.load(path, whole_image=True).detect(plain(PINK)).to_dict()))
    assert record["verdict"] == record["faces"][0]["verdict"] == "uncertain"
    assert record["score"] == record["faces"][0]["score"] < record["model"]["thresholds"]["fake"]


@pytest.mark.parametrize(("colour", "verdict"), [(RED, Verdict.FAKE), (GREEN, Verdict.REAL), (PINK, Verdict.UNCERTAIN)])
def test_thresholds_of_the_card_decide(detector, colour, verdict):
    result = detector.detect(plain(colour))
    assert result.verdict == verdict
    assert result.score == pytest.approx(1 / (1 + np.exp(-(0.04 * colour[0] - 0.02 * sum(colour[1:])))))


def test_a_score_on_a_threshold_belongs_to_the_verdict_above_it(detector):
    real, fake = detector.card.thresholds.real, detector.card.thresholds.fake
    assert (detector.verdict(fake), detector.verdict(real)) == (Verdict.FAKE, Verdict.UNCERTAIN)
    below = (np.nextafter(fake, 0), np.nextafter(real, 0))
    assert tuple(map(detector.verdict, below)) == (Verdict.UNCERTAIN, Verdict.REAL)


OPERATING = Thresholds(0.4, 0.6, false_alarms={"0.3": 0.3, "0.05": 0.6, "0.001": 0.9999}, reals=1000)


@pytest.fixture
def operating(tmp_path):
    """A tiny model that can be run at several false-alarm rates."""
    path = tmp_path / "operating.tflite"
    path.write_bytes(tiny.packed(thresholds=OPERATING))
    return path


@pytest.mark.parametrize(
    ("fpr", "thresholds", "verdict"),
    [
        (None, (0.4, 0.6), Verdict.UNCERTAIN),
        (0.3, (0.3, 0.3), Verdict.FAKE),
        (0.05, (0.4, 0.6), Verdict.UNCERTAIN),
        (0.001, (0.4, 0.9999), Verdict.UNCERTAIN),
    ],
)
def test_a_false_alarm_rate_of_the_card_moves_the_threshold_and_the_result_says_where(
    operating, fpr, thresholds, verdict
):
    result = Detector.load(operating, whole_image=True, fpr=fpr).detect(plain(PINK))
    assert (result.model.real, result.model.fake) == thresholds
    assert result.verdict == verdict


def test_a_false_alarm_rate_that_the_card_lacks_is_refused_with_those_it_has(operating, tiny_model):
    with pytest.raises(UsageError, match=r"rate 0\.02; it has 0\.3, 0\.05, 0\.001"):
        Detector.load(operating, whole_image=True, fpr=0.02)
    with pytest.raises(UsageError, match="edge-detect calibrate"):
        Detector.load(tiny_model, whole_image=True, fpr=0.05)


def test_path_bytes_and_array_give_the_same_score(detector, tmp_path):
    path = tmp_path / "scene.png"
    path.write_bytes(zoo.good()["plain.png"])
    data = path.read_bytes()
    results = [detector.detect(source) for source in (path, str(path), data, memoryview(data), zoo.scene())]
    assert len({result.score for result in results}) == 1
    assert [result.path for result in results] == [str(path), str(path), "<bytes>", "<bytes>", "<array>"]


def test_the_box_is_the_centred_square_of_the_original_to_a_decoded_pixel(detector):
    large = cv2.resize(zoo.scene(), (1200, 900))
    face = detector.detect(zoo.encode(large, "JPEG")).faces[0]
    assert face.box.to_list() == pytest.approx([150, 0, 1050, 900], abs=8)


@pytest.mark.parametrize(
    "source", [b"", b"nonsense", "", "no/such/file.jpg", ".", "a\0b", "x" * 300, np.zeros((4, 4), np.uint8)]
)
def test_what_cannot_be_read_is_a_result_not_an_exception(detector, source):
    result = detector.detect(source)
    assert result.verdict == Verdict.UNREADABLE
    assert result.score is None
    assert result.error


def test_an_empty_path_is_said_to_be_one(detector):
    assert detector.detect("").error == "the path is empty"


@pytest.mark.parametrize("source", [None, io.BytesIO(b"x"), 3])
def test_what_is_no_picture_at_all_is_a_type_error_that_says_what_is(detector, source):
    for name in (None, "given"):
        with pytest.raises(TypeError, match="a path, a file's bytes or uint8 RGB pixels, not"):
            detector.detect(source, name)


@pytest.mark.parametrize("asked", [{"small_faces": True}, {"finder": "face"}])
def test_a_search_of_pictures_that_are_scored_whole_is_refused(tiny_model, asked):
    with pytest.raises(UsageError, match="without searching"):
        Detector.load(tiny_model, whole_image=True, **asked)


@pytest.mark.parametrize("crop", [plain(RED), plain(RED)[:, :40].astype(float)])
def test_only_square_crops_of_bytes_have_a_logit(detector, crop):
    with pytest.raises(PictureError, match=r"square|uint8"):
        detector.logit(crop)


def test_results_can_be_kept_in_a_set(detector):
    assert len({detector.detect(plain(RED)), detector.detect(plain(RED))}) == 1


def test_a_model_that_ends_in_a_sigmoid_is_understood():
    card = tiny.card(output="probability", outputs={"probability": 0})
    detector = Detector(Network(tiny.flatbuffer(), card))
    assert detector.logit(plain((10, 0, 0))[:, :40]) == pytest.approx(np.log(0.4 / 0.6), abs=1e-3)
    assert detector.logit(plain(RED)[:, :40]) == pytest.approx(np.log(511))  # kept away from certainty


def test_a_result_as_json_has_the_promised_fields(detector):
    record = detector.detect(plain(RED), name="red").to_dict()
    assert set(record) == {"schema_version", "path", "verdict", "score", "faces", "model", "error"}
    assert record["schema_version"] == SCHEMA_VERSION
    assert record["path"] == "red"
    assert set(record["model"]) == {"name", "version", "sha256", "thresholds"}
    assert record["model"]["thresholds"] == {"real": 0.4, "fake": 0.6}
    assert set(record["faces"][0]) == {"box", "size", "score", "verdict", "confidence", "reason"}


def test_bgr_and_rgb_are_not_confused(detector, tmp_path):
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), cv2.cvtColor(plain(RED), cv2.COLOR_RGB2BGR))
    assert detector.detect(path).verdict == Verdict.FAKE


def spotted(*spots, size=(512, 512), side=64) -> np.ndarray:
    """Black, with squares of a colour at (x, y), each a spot of one cell of the tiny finder in a picture of 512."""
    picture = np.zeros((*size, 3), np.uint8)
    for x, y, colour in spots:
        picture[y : y + side, x : x + side] = colour
    return picture


@pytest.fixture
def finding(tiny_model, tiny_finder):
    return Detector.load(tiny_model, finder=tiny_finder)


def test_the_picture_is_as_suspicious_as_its_most_suspicious_face(finding):
    dark, bright = (150, 0, 0), (255, 0, 0)
    result = finding.detect(spotted((64, 64, dark), (384, 384, bright)))
    assert len(result.faces) == 2
    scores = {face.box.to_list()[0]: face.score for face in result.faces}
    assert scores[0.0] < scores[288.0] == result.score
    assert result.verdict == max(result.faces, key=lambda face: face.score).verdict


def test_a_picture_without_a_face_has_a_verdict_of_its_own(finding):
    result = finding.detect(spotted())
    assert (result.verdict, result.score, result.faces) == (Verdict.NO_FACE, None, ())
    assert result.to_dict()["error"] is None


def turned(picture: np.ndarray, orientation: int) -> bytes:
    """A JPEG that shows the picture upright once its EXIF orientation (6: turn right) is applied."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(np.rot90(picture, {1: 0, 6: 1}[orientation]))
    return zoo.encode(stored, "JPEG", quality=95, exif=exif)


@pytest.mark.parametrize("orientation", [1, 6])
def test_boxes_are_in_pixels_of_the_upright_original_though_less_was_decoded(finding, orientation):
    large = cv2.resize(spotted((64, 256, RED), size=(384, 512)), (2048, 1536), interpolation=cv2.INTER_NEAREST)
    inspection = finding.inspect(turned(large, orientation))
    assert inspection.picture.pixels.shape[:2] == (192, 256)
    assert inspection.result.faces[0].box.to_list() == pytest.approx([0, 640, 896, 1536], abs=20)


def test_small_faces_are_searched_in_tiles_of_the_full_picture(tiny_model, tiny_finder):
    large = cv2.resize(spotted((288, 160, (150, 0, 0)), side=32), (2048, 2048), interpolation=cv2.INTER_NEAREST)
    data = turned(large, 1)
    assert Detector.load(tiny_model, finder=tiny_finder).detect(data).verdict == Verdict.NO_FACE
    inspection = Detector.load(tiny_model, finder=tiny_finder, small_faces=True).inspect(data)
    assert inspection.picture.pixels.shape == large.shape
    assert [face.box.to_list() for face in inspection.result.faces] == [[960, 448, 1472, 960]]


def test_a_face_carries_the_finders_confidence(finding):
    (face,) = finding.detect(spotted((256, 256, RED))).faces
    assert 0.3 < face.confidence < 1
    assert Detector(finding._classifier).detect(plain(RED)).faces[0].confidence is None


@pytest.mark.parametrize(("side", "reason"), [(94, "too_small"), (98, None)])
def test_a_face_below_48_pixels_gets_no_verdict(finding, side, reason):
    """The tiny finder's faces are half as large as the picture."""
    spot = side // 8
    face = finding.detect(spotted((spot * 4, spot * 4, RED), size=(side, side), side=spot)).faces[0]
    assert (face.reason, face.verdict) == (reason, Verdict.UNCERTAIN if reason else face.verdict)


def test_a_small_face_does_not_outrank_one_that_can_be_judged(finding):
    from edge_detect.results import Box, Face

    small = Face(Box(0, 0, 9, 9), 0.99, Verdict.UNCERTAIN, 0.9, "too_small")
    large = Face(Box(0, 0, 99, 99), 0.2, Verdict.REAL)
    assert finding._result("x", (small, large)).verdict == Verdict.REAL


def test_the_crop_follows_the_crop_rule(finding):
    picture = spotted((256, 256, RED))
    inspection = finding.inspect(picture)
    (face,), (crop,) = inspection.result.faces, inspection.crops
    assert face.box.to_list() == [160, 160, 416, 416]
    assert crop.shape == (tiny.SIDE, tiny.SIDE, 3)
    side = round(1.4 * 256)
    start = round((160 + 416 - side) / 2)
    expected = cv2.resize(picture[start : start + side, start : start + side], (16, 16), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(crop, expected)


def test_a_model_of_the_wrong_kind_is_refused(tiny_model, tiny_finder):
    with pytest.raises(ModelError, match="is a finder, and a classifier is needed"):
        Detector.load(tiny_finder, whole_image=True)
    with pytest.raises(ModelError, match="is a classifier, and a finder is needed"):
        Detector.load(tiny_model, finder=tiny_model)


class LeftEye:
    """A classifier that answers the red of the leftmost column over 25, and so tells a crop from its mirror image."""

    def __init__(self, **changes) -> None:
        self.card = tiny.card(outputs={"logit": 0, "patches": 1}, **changes)

    def run(self, pixels) -> dict[str, np.ndarray]:
        patches = pixels[:: tiny.SIDE // 4, :: tiny.SIDE // 4, :1].astype(np.float32) / 25
        return {"logit": np.array([pixels[:, 0, 0].mean() / 25], np.float32), "patches": patches}


def test_a_mirrored_classifier_answers_alike_for_a_picture_and_its_mirror_image():
    crop = np.zeros((64, 64, 3), np.uint8)
    crop[:, :32, 0] = 100
    one_eyed, both = Detector(LeftEye()), Detector(LeftEye(mirrored=True))
    assert (one_eyed.logit(crop), one_eyed.logit(crop[:, ::-1])) == (4, 0)
    assert (both.logit(crop), both.logit(crop[:, ::-1])) == (2, 2)
    assert both.patches(crop) == pytest.approx(one_eyed.patches(crop))  # a patch is where it was, in the mirror too
