"""The labels of a model that says none: those of the pictures."""

from pathlib import Path

import pytest

from edge_detect.errors import UsageError
from edge_detect.manifest import labels_in

COLUMNS = "file,label,source,method,group,split\n"


def folder(path: Path, *labels: str) -> Path:
    """A folder with a labels.csv, a picture of each label."""
    path.mkdir()
    rows = [f"{label}.png,{label},s,m,{label},train\n" for label in labels]
    (path / "labels.csv").write_text("".join([COLUMNS, *rows]))
    return path


def test_labels_of_all_folders_count(tmp_path):
    one = folder(tmp_path / "one", "red")
    (tmp_path / "two" / "green").mkdir(parents=True)
    (tmp_path / "two" / ".cache").mkdir()
    assert labels_in([one, tmp_path / "two"]) == ["green", "red"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"there is no folder .*nothing"):
        labels_in([folder(tmp_path / "one", "red", "green"), tmp_path / "nothing"])


def test_a_folder_without_labels_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", folder(tmp_path / "one")):
        with pytest.raises(
            UsageError, match=r"has neither a labels\.csv with labels nor a folder of pictures for each"
        ):
            labels_in([path])


def test_a_single_label_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"all pictures of .*one and .*two have the label 'red'; there must be two"):
        labels_in([folder(tmp_path / "one", "red"), folder(tmp_path / "two", "red")])
