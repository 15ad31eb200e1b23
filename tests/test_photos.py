import csv

import cv2
import numpy as np
import pytest

pytest.importorskip("sklearn")

import zoo

from edge_detect.errors import UsageError
from training.photos import compare


def write(root, rows):
    """A manifest of pictures: (file, pixels, label, group)."""
    root.mkdir()
    with (root / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "label", "source", "method", "group", "split"))
        for name, pixels, label, group in rows:
            (root / name).write_bytes(zoo.encode(pixels, "PNG"))
            table.writerow((name, label, "s", "m", group, "test"))
    return root


def crop(red: int) -> np.ndarray:
    return np.full((64, 64, 3), (red, 20, 20), np.uint8)


def photo(red: int) -> np.ndarray:
    """A crop in the middle of a larger picture, on black."""
    picture = np.zeros((256, 256, 3), np.uint8)
    picture[96:160, 96:160] = cv2.resize(crop(red), (64, 64))
    return picture


def test_what_finding_costs_is_measured_on_common_groups(tmp_path):
    """Nothing here is a face for the shipped finder, so every photo gets the lowest score."""
    crops = write(
        tmp_path / "crops",
        [("a.png", crop(250), "fake", "a"), ("b.png", crop(10), "real", "b"), ("c.png", crop(10), "real", "c")],
    )
    photos = write(tmp_path / "photos", [("a.png", photo(250), "fake", "a"), ("b.png", photo(10), "real", "b")])
    from conftest import SHIPPED

    said, _, *lines = compare(SHIPPED, crops, photos).splitlines()
    assert said.startswith("By deepfake ")
    rows = [line.split(" | ") for line in lines[2:]]
    assert [row[0].strip("| ") for row in rows] == ["all", "s"]
    assert rows[0][1:3] == ["1", "1"]
    assert rows[0][4] == "0.500"
    assert rows[0][-1].strip(" |") == "2"


def test_nothing_in_common_is_an_error(tmp_path):
    crops = write(tmp_path / "crops", [("a.png", crop(250), "fake", "a")])
    photos = write(tmp_path / "photos", [("x.png", photo(250), "fake", "x")])
    with pytest.raises(UsageError, match="no group of the split 'test' in common"):
        compare(tmp_path / "model", crops, photos)
