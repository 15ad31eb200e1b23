"""`python -m training judged`: sources that nothing was learnt from."""

import csv

import numpy as np
import pytest

pytest.importorskip("sklearn")

import zoo

from edge_detect.errors import UsageError
from training.judged import compare


def write(root, *rows):
    """A manifest of plain pictures: (red, label, source, split), each its own group."""
    with (root / "labels.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "label", "source", "method", "group", "split"))
        for number, (red, label, source, split) in enumerate(rows):
            (root / f"{number}.png").write_bytes(zoo.encode(np.full((64, 64, 3), (red, 20, 20), np.uint8), "PNG"))
            table.writerow((f"{number}.png", label, source, "m", f"g{number}", split))
    return root


def test_each_source_is_measured_against_the_reals_of_all(tiny_model, tmp_path):
    """The tiny model calls red pictures fake; what is for training counts for nothing."""
    photos = [(10, "real", "quiz", "unseen"), (10, "real", "quiz", "unseen"), (250, "real", "quiz", "train")]
    fakes = [(250, "fake", "quiz", "unseen"), (250, "fake", "gallery", "unseen"), (0, "fake", "gallery", "unseen")]
    said, _, _, _, *lines = compare(tiny_model, write(tmp_path, *photos, *fakes)).splitlines()
    assert said.startswith("By tiny ")
    rows = {cells[0]: cells[1:] for line in lines for cells in [line.strip("| ").split(" | ")]}
    assert rows["all"] == ["2", "3", "0.667", "0.0%", "33.3%", "66.7%"]
    assert rows["quiz"] == ["2", "1", "1.000", "0.0%", "0.0%", "100.0%"]
    assert rows["gallery"][:3] == ["", "2", "0.500"]


def test_data_without_such_sources_is_an_error(tiny_model, tmp_path):
    rows = [(10, "real", "quiz", "unseen"), (250, "fake", "quiz", "train")]
    with pytest.raises(UsageError, match="no reals and fakes that are judged by only"):
        compare(tiny_model, write(tmp_path, *rows))
