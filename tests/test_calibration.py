"""Thresholds for one's own camera, on a tiny model that calls red pictures fake."""

import json
import math
import os
import shutil

import cv2
import numpy as np
import pytest
import tiny
import zoo

from edge_detect import Detector
from edge_detect.calibration import Photos, calibrate, score_photos, thresholds_for
from edge_detect.card import read_packed
from edge_detect.errors import ExitCode, UsageError
from edge_detect.models import find_model

COUNT = 60


def score(red: int) -> float:
    """What the tiny model says of a picture of one colour."""
    return 1 / (1 + math.exp(-0.04 * red))


def picture(red: int, side: int = 24) -> bytes:
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[..., 0] = red
    return zoo.encode(pixels, "PNG")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """COUNT real photos with red 0, 2, 4 …, a copy of the first, and a note."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(COUNT):
        (folder / f"{number:03}.png").write_bytes(picture(2 * number))
    shutil.copy(folder / "000.png", folder / "again.png")
    (folder / "note.txt").write_text("my photos")
    return folder


@pytest.fixture
def run(edge_detect, tiny_model, photos, tmp_path):
    """Run `calibrate` with other options than the usual, and tell that nothing was written where it fails."""

    def run(*options, model=tiny_model, folder=photos, out=tmp_path / "mine.tflite", succeeds=False):
        before = sorted(tmp_path.iterdir())
        done = edge_detect("calibrate", model, folder, "--out", out, *options)
        if not succeeds:
            assert (done.code, done.out) == (ExitCode.USAGE, "")
            assert sorted(tmp_path.iterdir()) == before
            assert "Traceback" not in done.err
        return done

    return run


def test_the_copy_buys_the_rate_and_says_from_what(run, tiny_model, tmp_path):
    done = run("--whole-image", succeeds=True)
    assert done.code == ExitCode.OK, done.err
    flatbuffer, card = read_packed(tmp_path / "mine.tflite")
    kept = score(2 * (COUNT - 3))  # of 60, two may be flagged: 3/61 is within 5%, 4/61 is not
    assert card.thresholds.fake == pytest.approx(kept, abs=1e-6)
    assert card.thresholds.real == pytest.approx(score(2 * (COUNT - 12)), abs=1e-6)
    assert card.thresholds.reals == COUNT
    assert list(card.thresholds.false_alarms) == ["0.05"]
    assert "60 photos given to `edge-detect calibrate`, scored whole" in card.thresholds.chosen_on
    assert flatbuffer == read_packed(tiny_model)[0]
    assert done.lines[0] == "photos       60 count (left out: copies 1, unreadable 1)"
    assert done.lines[1].startswith("called fake  before 54 (score from 0.600), now 2 (score from 0.990")
    assert "at most 4.9% on average (95% interval 1–12%)" in done.lines[2]


def test_what_was_bought_is_what_scan_does(run, edge_detect, photos, tmp_path):
    outcome = json.loads(run("--whole-image", "--json", succeeds=True).out)
    scanned = edge_detect("scan", "--whole-image", "-m", outcome["model"], "--fpr", 0.05, "--jsonl", photos / "*.png")
    assert sum(record["verdict"] == "fake" for record in scanned.records) == outcome["after"]["flagged"] == 2
    assert scanned.records[0]["model"]["thresholds"]["fake"] == outcome["after"]["fake"]
    assert outcome["photos"] == {"count": 60, "copies": 1, "no_face": 0, "too_small": 0, "unreadable": 1}
    assert outcome["before"] == {"fake": 0.6, "flagged": 54}
    assert outcome["false_alarms"]["mean"] == pytest.approx(3 / 61)


def test_a_threshold_that_falls_is_told(run, tmp_path):
    """Photos that score lower than the card's threshold: a rate of 5% flags some that it did not."""
    photos = Photos(scores=[0.01 * at for at in range(50)])
    outcome = calibrate(find_model(), tmp_path / "own.tflite", photos, 0.05, "")
    assert outcome.after.fake < outcome.before.fake
    assert outcome.to_dict()["threshold_falls"] is True
    assert "more real pictures will be called fake than before; --fpr 0.0197 asks for fewer" in str(outcome)
    calibrate(find_model(), tmp_path / "fewer.tflite", photos, 0.0197, "")  # so it can be done
    risen = run("--whole-image", succeeds=True)
    assert "the threshold falls" not in risen.out
    assert json.loads(run("--whole-image", "--json", succeeds=True).out)["threshold_falls"] is False


def test_figures_measured_at_other_thresholds_are_dropped(tmp_path):
    model, out = tmp_path / "tiny.tflite", tmp_path / "mine.tflite"
    model.write_bytes(tiny.packed(metrics={"test": {"false_alarms": 0.2}}))
    calibrate(model, out, Photos(scores=[0.1, 0.9] * 25), 0.05, "")
    assert read_packed(model)[1].metrics
    assert not read_packed(out)[1].metrics


def test_photos_count_when_a_face_can_be_judged(tiny_model, tiny_finder, tmp_path):
    """The tiny finder's faces are half as large as the picture."""
    for name, side in (("large", 512), ("small", 80), ("none", 512)):
        pixels = np.zeros((side, side, 3), np.uint8)
        middle = slice(side // 2, side // 2 + side // 8)
        if name != "none":
            pixels[middle, middle] = (255, 0, 0)
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels[..., ::-1])
    detector = Detector.load(tiny_model, finder=tiny_finder)
    names = [str(tmp_path / f"{name}.png") for name in ("large", "small", "none", "missing")]
    photos = score_photos(names, [detector])
    assert (photos.no_face, photos.too_small, photos.unreadable, photos.copies) == (1, 1, 1, 0)
    assert photos.scores == [detector.detect(names[0]).score]


def test_a_photo_given_twice_counts_once_and_equal_sizes_are_no_copies(tiny_model, tmp_path):
    one, other = tmp_path / "one.bmp", tmp_path / "other.bmp"
    for path, red in ((one, 10), (other, 20)):
        cv2.imwrite(str(path), np.full((9, 9, 3), (0, 0, red), np.uint8))
    os.mkfifo(tmp_path / "pipe")
    advanced = []
    names = [str(one), str(other), str(one), str(tmp_path / "pipe")]
    photos = score_photos(names, [Detector.load(tiny_model, whole_image=True)], lambda: advanced.append(1))
    assert (len(photos.scores), photos.copies, photos.unreadable) == (2, 1, 1)
    assert len(advanced) == 4


def test_a_card_carries_no_rate_that_the_photos_cannot_buy():
    scores = [number / 1000 for number in range(999)]
    assert list(thresholds_for(Photos(scores), 0.02, "").false_alarms) == ["0.05", "0.02", "0.01", "0.001"]
    assert list(thresholds_for(Photos(scores[:99]), 0.02, "").false_alarms) == ["0.05", "0.02", "0.01"]
    assert list(thresholds_for(Photos(scores[:98]), 0.02, "").false_alarms) == ["0.05", "0.02"]


def test_a_rate_out_of_reach_is_refused_with_what_can_be_had(run):
    done = run("--whole-image", "--fpr", 0.001)
    assert "a false-alarm rate of 0.1% needs 999 photos. Of yours, 60 count" in done.err
    assert "buys 1.64% at best: add photos, or ask for --fpr 0.0164" in done.err
    assert run("--whole-image", "--fpr", 0.0164, succeeds=True).code == ExitCode.OK


def test_too_few_photos_are_refused_unless_fewer_are_asked_for(run, photos):
    few = photos / "00*.png"
    assert "50 real photos or more are needed" in run("--whole-image", folder=few).err
    assert "Of yours, 10 count" in run("--whole-image", folder=few).err
    assert run("--whole-image", "--least", 10, "--fpr", 0.1, folder=few, succeeds=True).code == ExitCode.OK


def test_photos_that_all_look_certainly_fake_are_refused():
    with pytest.raises(UsageError, match="no threshold is above them"):
        thresholds_for(Photos([1.0] * 60), 0.05, "")


def test_mistakes_of_a_stranger_are_answered(run, edge_detect, tiny_model, tiny_finder, photos, tmp_path):
    assert "there is no no/folder: name folders" in run(folder="no/folder").err
    assert "is a finder, and a classifier is needed" in run(model=tiny_finder).err
    assert "is a classifier, and a finder is needed" in run("--finder", tiny_model).err
    assert "there is no model 'nothing'" in run(model="nothing").err
    assert "a share above 0" in run("--fpr", 5).err
    assert "leave out --small-faces" in run("--whole-image", "--small-faces").err
    assert "not from standard input" in run(folder="-").err
    assert "is a folder; name the file" in run(out=tmp_path).err
    assert "name it mine.tflite" in run(out=tmp_path / "mine").err
    assert "exists and is no model" in run(out=photos / "000.png").err
    os.mkfifo(tmp_path / "pipe.tflite")
    assert "exists and is no model" in run(out=tmp_path / "pipe.tflite").err
    assert "cannot be written" in run("--whole-image", out=photos / "000.png" / "mine.tflite").err
    assert f"there is no folder {tmp_path / 'no'}; make it first" in run(out=tmp_path / "no" / "mine.tflite").err
    assert "Missing option '--out'" in edge_detect("calibrate", tiny_model, photos).err


@pytest.mark.parametrize("name", ["deepfake", "face"])
def test_shipped_models_are_never_written_to(run, name):
    shipped = find_model(name)
    before = shipped.stat().st_mtime_ns
    assert "where the shipped models are" in run("--whole-image", out=shipped).err
    assert "where the shipped models are" in run("--whole-image", out=shipped.parent / "mine.tflite").err
    assert shipped.stat().st_mtime_ns == before
    assert not (shipped.parent / "mine.tflite").exists()


def test_the_input_is_replaced_only_when_out_names_it(run, tiny_model, tmp_path):
    own = tmp_path / "own.tflite"
    shutil.copy(tiny_model, own)
    run("--whole-image", model=own, succeeds=True)
    assert own.read_bytes() == tiny_model.read_bytes()
    run("--whole-image", model=own, out=own, succeeds=True)
    assert own.read_bytes() == (tmp_path / "mine.tflite").read_bytes()
