import cv2
import numpy as np
import pytest
import tiny
import zoo

from edge_detect import Detector, Verdict
from edge_detect.network import Network
from edge_detect.results import SCHEMA_VERSION

RED, GREEN, PINK = (255, 0, 0), (0, 255, 0), (130, 120, 120)


def plain(colour) -> np.ndarray:
    return np.full((40, 60, 3), colour, np.uint8)


@pytest.fixture
def detector(tiny_model):
    return Detector.load(tiny_model)


@pytest.mark.parametrize(("colour", "verdict"), [(RED, Verdict.FAKE), (GREEN, Verdict.REAL), (PINK, Verdict.UNCERTAIN)])
def test_thresholds_of_the_card_decide(detector, colour, verdict):
    result = detector.detect(plain(colour))
    assert result.verdict == verdict
    assert result.score == pytest.approx(1 / (1 + np.exp(-(0.04 * colour[0] - 0.02 * sum(colour[1:])))))


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
    "source", [b"", b"nonsense", "no/such/file.jpg", ".", "a\0b", "x" * 300, np.zeros((4, 4), np.uint8)]
)
def test_what_cannot_be_read_is_a_result_not_an_exception(detector, source):
    result = detector.detect(source)
    assert result.verdict == Verdict.UNREADABLE
    assert result.score is None
    assert result.error


def test_a_model_that_ends_in_a_sigmoid_is_understood():
    card = tiny.card(output="probability", outputs={"probability": 0})
    detector = Detector(Network(tiny.flatbuffer(), card))
    assert detector.logit(plain((10, 0, 0))) == pytest.approx(np.log(0.4 / 0.6), abs=1e-3)
    assert detector.logit(plain(RED)) == pytest.approx(np.log(511))  # kept away from certainty


def test_a_result_as_json_has_the_promised_fields(detector):
    record = detector.detect(plain(RED), name="red").to_dict()
    assert set(record) == {"schema_version", "path", "verdict", "score", "faces", "model", "error"}
    assert record["schema_version"] == SCHEMA_VERSION
    assert record["path"] == "red"
    assert set(record["model"]) == {"name", "version", "sha256"}
    assert set(record["faces"][0]) == {"box", "size", "score", "verdict", "reason"}


def test_bgr_and_rgb_are_not_confused(detector, tmp_path):
    path = tmp_path / "red.png"
    cv2.imwrite(str(path), cv2.cvtColor(plain(RED), cv2.COLOR_RGB2BGR))
    assert detector.detect(path).verdict == Verdict.FAKE
