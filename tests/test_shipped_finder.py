"""The released finder: its file, its figures, and what it finds in real pictures where they are at hand."""

import json
import re

import cv2
import numpy as np
import pytest
from conftest import ROOT

from edge_detect import Detector, Verdict, image
from edge_detect.card import read_packed
from edge_detect.face_evaluation import evaluate_faces
from edge_detect.faces import FaceFinder
from edge_detect.network import Network
from edge_detect.scenes import read_scenes
from training import finder_figures
from training.demo import PORTRAITS, portrait

FOLDER = ROOT / "models" / "face"
SHIPPED = FOLDER / "face-int8.tflite"


@pytest.fixture(scope="module")
def figures():
    return json.loads((FOLDER / "metrics.json").read_text())


@pytest.fixture(scope="module")
def finder():
    return FaceFinder(Network.load(SHIPPED))


def test_the_default_finder_is_the_shipped_one():
    assert Detector.load()._finder.card.sha256 == read_packed(SHIPPED)[1].sha256


def test_the_finder_is_under_400_kilobytes():
    assert SHIPPED.stat().st_size < 400_000


@pytest.mark.parametrize("precision", ["int8", "float32"])
def test_the_figures_are_those_of_the_files_beside_them(figures, precision):
    _, card = read_packed(FOLDER / f"face-{precision}.tflite")
    entry = figures[f"face-{precision}"]
    assert entry["sha256"] == card.sha256
    for mode, values in entry["modes"].items():
        assert {key: value for key, value in values.items() if key != "sources"} == card.metrics[mode]


def test_the_model_card_shows_the_figures(figures):
    text = (FOLDER / "README.md").read_text()
    for section, written in finder_figures.sections(figures, "face-int8").items():
        assert f"<!-- {section} -->\n{written}\n<!-- /{section} -->" in text, section


@pytest.mark.parametrize("name", PORTRAITS)
@pytest.mark.parametrize("share", [0.5, 1.0, 2.0])
def test_the_face_of_a_portrait_is_found_at_any_size(finder, name, share):
    picture, box = portrait(name)
    scaled = cv2.resize(picture, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    found = finder.find(scaled)
    assert len(found) == 1
    expected, got = box.scaled(share, share), found[0].box
    middle = np.array([got.x0 + got.x1 - expected.x0 - expected.x1, got.y0 + got.y1 - expected.y0 - expected.y1]) / 2
    assert np.abs(middle).max() < 0.25 * expected.size
    assert 0.7 < got.size / expected.size < 1.4


def test_faces_of_a_group_are_each_found_and_scored():
    """Two portraits side by side: two faces, and the picture has the score of the more suspicious."""
    tiles = [image.resize(image.whole(portrait(name)[0]), 300) for name in PORTRAITS]
    result = Detector.load().detect(np.hstack(tiles))
    assert len(result.faces) == 2
    assert result.score == max(face.score for face in result.faces)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_an_empty_picture_has_no_face(value):
    assert Detector.load().detect(np.full((300, 400, 3), value, np.uint8)).verdict == Verdict.NO_FACE


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (33, 47)])
def test_odd_sizes_are_searched_without_a_fuss(finder, size):
    rng = np.random.default_rng(1)
    picture = rng.integers(0, 256, (*size, 3), np.uint8)
    found = finder.find(picture, small_faces=True, threshold=0.0)  # whatever there is, be it ever so unsure
    height, width = size
    assert found or min(size) == 1
    for face in found:
        assert 0 <= face.box.x0 <= face.box.x1 <= width
        assert 0 <= face.box.y0 <= face.box.y1 <= height


def test_the_recorded_figures_are_measured_again(figures, finder, scenes):
    chosen = [scene for scene in read_scenes(scenes) if scene.split == "test" and scene.source == "video_news"]
    measured = evaluate_faces([finder], chosen)
    recorded = figures["face-int8"]["modes"]["whole"]["sources"]["video_news"]
    assert measured["sizes"] == recorded["sizes"]
    assert measured["false_boxes_per_picture"] == recorded["false_boxes_per_picture"]


def test_the_finder_is_as_good_as_it_was_asked_to_be(figures):
    """The figures of the issue that asked for it; a weaker finder must not take its place unnoticed."""
    entry = figures["face-int8"]
    whole, tiles = entry["modes"]["whole"], entry["modes"]["tiles"]
    assert whole["sizes"]["large"]["recall"] >= 0.95
    assert tiles["sizes"]["medium"]["recall"] >= 0.85
    for figures_of_a_search in (whole, tiles):
        assert figures_of_a_search["false_boxes_per_picture"] <= 0.05
        assert figures_of_a_search["faceless_without_a_box"] >= 0.95
    assert entry["ms_p50"] <= 3  # half of what was asked of a frame; the classifier has grown since


def test_finding_costs_little():
    """Two hundredths of AUC were asked for; of the 51 photos of `sdfd`, one without a found face costs as much."""
    text = (FOLDER / "README.md").read_text().split("<!-- photos -->")[1].split("<!-- /photos -->")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    assert {"all", "ciplab", "genphotos", "omi", "sdfd"} <= {row[0] for row in rows}
    missed = {row[0]: int(row[6]) / int(row[2]) for row in rows}
    assert all(float(row[5]) >= -0.02 - missed[row[0]] for row in rows)


def test_every_file_that_the_model_card_names_is_there():
    row = next(line for line in (FOLDER / "README.md").read_text().splitlines() if line.startswith("| files |"))
    names = re.findall(r"`([a-z0-9.-]+)`", row)
    assert len(names) == 3
    assert all((FOLDER / name).is_file() for name in names)
