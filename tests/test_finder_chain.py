"""From pictures to a face finder: train, convert, choose the threshold, evaluate, on scenes drawn here."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from edge_detect.card import read_packed
from edge_detect.errors import ExitCode

RECIPE = """
name = "dolls"
version = "1"
network = "finder"
manifests = ["{crops}"]
scenes = "{scenes}"
crops = 1920
input_side = 96
batch = 16
warmup = 320
ema = 0.9
ramp = 100000
evaluate_every = 960
"""
MARKERS = "<!-- overview --><!-- /overview -->\n<!-- details --><!-- /details -->\n"


def doll(picture: np.ndarray, x: int, y: int, side: int) -> None:
    """Draw a face: a light disc with two dark eyes."""
    centre, radius = (x + side // 2, y + side // 2), side // 2
    cv2.circle(picture, centre, radius, (235, 190, 160), -1)
    for eye in (-1, 1):
        cv2.circle(
            picture, (centre[0] + eye * radius // 2, centre[1] - radius // 4), max(1, radius // 5), (20, 20, 20), -1
        )


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> tuple[Path, Path]:
    """Folders of scenes (one in four without a face) and of face crops with their boxes."""
    rng = np.random.default_rng(1)
    scenes, crops = tmp_path_factory.mktemp("scenes"), tmp_path_factory.mktemp("crops")
    images = [("file", "source", "width", "height", "faces")]
    faces = [("file", "x0", "y0", "x1", "y1", "score", "votes")]
    for split, count in (("train", 120), ("test", 24)):
        (scenes / split).mkdir()
        for number in range(count):
            picture = cv2.resize(rng.integers(0, 130, (3, 3, 3), np.uint8), (96, 96))
            name = f"{split}/{number:03}.png"
            if number % 4:
                side = int(rng.integers(24, 56))
                x, y = (int(value) for value in rng.integers(0, 96 - side, 2))
                doll(picture, x, y, side)
                faces.append((name, x, y, x + side, y + side, 0.9, 3))
            images.append((name, "drawn", 96, 96, int(number % 4 > 0)))
            cv2.imwrite(str(scenes / name), picture[..., ::-1])
    crop = np.full((64, 64, 3), 90, np.uint8)
    doll(crop, 9, 9, 46)
    labels = [("file", "label", "source", "method", "group", "split", "x0", "y0", "x1", "y1")]
    for name, split in (("doll", "train"), ("another", "val")):
        cv2.imwrite(str(crops / f"{name}.png"), crop[..., ::-1])
        labels.append((f"{name}.png", "real", "drawn", "none", name, split, 9, 9, 55, 55))
    for path, rows in ((scenes / "images.csv", images), (scenes / "faces.csv", faces), (crops / "labels.csv", labels)):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return scenes, crops


def python(module: str, *arguments) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def released(data, tmp_path_factory) -> Path:
    scenes, crops = data
    folder = tmp_path_factory.mktemp("finder")
    (folder / "dolls.toml").write_text(RECIPE.format(scenes=scenes, crops=crops))
    (folder / "README.md").write_text(MARKERS)
    models = (folder / "dolls-int8.tflite", folder / "dolls-float32.tflite")
    for module, *arguments in (
        ("training", "fit", folder / "dolls.toml", "--out", folder / "run"),
        (
            "convert",
            folder / "run" / "best.keras",
            "--data",
            scenes,
            "--out",
            folder,
            "--max-drop",
            0.3,
            "--max-error",
            1,
        ),
        ("training", "calibrate", *models, "--data", scenes),
        ("training", "evaluate", *models, "--data", scenes, "--out", folder),
    ):
        done = python(module, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


def test_a_finder_is_trained_and_released_by_the_same_commands(released, data):
    entry = json.loads((released / "metrics.json").read_text())["dolls-int8"]
    once = entry["modes"]["whole"]
    assert once["sizes"]["large"]["faces"] == 18
    assert once["sizes"]["large"]["recall"] > 0.6
    assert once["pictures"] == 24
    assert f"| {entry['bytes'] / 1000:.0f} |" in (released / "README.md").read_text()


def test_the_card_says_what_the_finder_is(released):
    _, card = read_packed(released / "dolls-int8.tflite")
    assert (card.kind, card.labels, card.outputs.keys()) == ("finder", ("nothing", "face"), {"heat", "size", "offset"})
    assert "false boxes" in card.thresholds.chosen_on
    assert card.conversion["gate"]["measure"] == "AP"
    assert card.metrics["whole"]["pictures"] == 24


def test_the_verb_measures_what_the_card_says(released, data, edge_detect):
    run = edge_detect("evaluate-faces", data[0], "-m", released / "dolls-int8.tflite", "--json")
    figures = json.loads(run.out)
    _, card = read_packed(released / "dolls-int8.tflite")
    assert {key: value for key, value in figures.items() if key != "sources"} == card.metrics["whole"]


def test_finders_and_classifiers_are_measured_apart(released, tiny_model, data):
    done = python(
        "training", "evaluate", released / "dolls-int8.tflite", tiny_model, "--data", data[0], "--out", released
    )
    assert done.returncode == ExitCode.USAGE
    assert "measured apart" in done.stderr


def test_scenes_without_a_validation_split_are_refused(released, data, tmp_path):
    (tmp_path / "images.csv").write_text("file,source,width,height,faces\ntest/a.png,dolls,64,64,0\n")
    (tmp_path / "faces.csv").write_text("file,x0,y0,x1,y1,score,votes\n")
    for module, arguments in (
        ("convert", (released / "run" / "best.keras", "--data", tmp_path, "--out", tmp_path)),
        ("training", ("calibrate", released / "dolls-int8.tflite", "--data", tmp_path)),
    ):
        done = python(module, *arguments)
        assert done.returncode == ExitCode.USAGE
        assert "the split 'val'" in done.stderr
