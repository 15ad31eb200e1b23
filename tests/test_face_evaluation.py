import csv
import json

import cv2
import numpy as np
import pytest
import tiny

from edge_detect.card import unpack
from edge_detect.errors import PictureError
from edge_detect.face_evaluation import evaluate_faces, tables
from edge_detect.faces import FaceFinder
from edge_detect.network import Network
from edge_detect.scenes import read_scenes

RED = (255, 0, 0)


def write_scenes(root, split="test", scenes=()):
    """Scenes of 128 × 128 pixels: (name, source, red spots, boxes with score and votes)."""
    (root / split).mkdir(parents=True, exist_ok=True)
    images, faces = [], []
    for name, source, spots, boxes in scenes:
        picture = np.zeros((128, 128, 3), np.uint8)
        for x, y in spots:
            picture[y : y + 16, x : x + 16] = RED
        cv2.imwrite(str(root / split / name), picture[..., ::-1])
        images.append((f"{split}/{name}", source, 128, 128, len(boxes)))
        faces += [(f"{split}/{name}", *box) for box in boxes]
    for table, heading, rows in (
        ("images.csv", ("file", "source", "width", "height", "faces"), images),
        ("faces.csv", ("file", "x0", "y0", "x1", "y1", "score", "votes"), faces),
    ):
        with (root / table).open("w", newline="") as file:
            csv.writer(file).writerows([heading, *rows])
    return root


HIT, MISSED, DOUBTFUL = (40, 40, 104, 104, 0.9, 3), (0, 0, 8, 8, 0.9, 3), (40, 40, 104, 104, 0.5, 1)
SCENES = (
    ("found.png", "one", [(64, 64)], [HIT]),
    ("missed.png", "one", [], [MISSED]),
    ("doubtful.png", "two", [(64, 64)], [DOUBTFUL]),
    ("empty.png", "two", [], []),
    ("false.png", "two", [(64, 64)], []),
)


@pytest.fixture
def scenes(tmp_path):
    return write_scenes(tmp_path / "scenes", scenes=SCENES)


@pytest.fixture
def finder():
    return FaceFinder(Network(*unpack(tiny.packed_finder())))


def test_recall_false_boxes_and_faceless_pictures_are_counted(scenes, finder):
    figures = evaluate_faces([finder], read_scenes(scenes))
    assert figures["pictures"] == 5
    assert figures["sizes"]["large"] == {"faces": 1, "recall": 1.0}
    assert figures["sizes"]["medium"] == {"faces": 1, "recall": 0.0}
    assert figures["sizes"]["small"] == {"faces": 0, "recall": None}
    assert figures["false_boxes_per_picture"] == 0.2
    assert (figures["faceless"], figures["faceless_without_a_box"]) == (2, 0.5)
    assert figures["sources"]["one"]["false_boxes_per_picture"] == 0
    assert figures["sources"]["one"]["faceless_without_a_box"] is None


def test_the_table_has_a_row_for_all_and_for_each_source(scenes, finder):
    rows = tables({"test": evaluate_faces([finder], read_scenes(scenes))}).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["**test**", "one", "two"]
    assert "1.000 of 1" in rows[2]


def test_a_scene_that_cannot_be_read_is_named(scenes, finder):
    (scenes / "test" / "found.png").write_bytes(b"no picture")
    with pytest.raises(PictureError, match=r"found\.png"):
        evaluate_faces([finder], read_scenes(scenes))


def test_the_verb_prints_a_table_or_json(edge_detect, tiny_finder, scenes):
    run = edge_detect("evaluate-faces", scenes, "-m", tiny_finder)
    assert (run.code, run.lines[2].split("|")[1].strip()) == (0, "**test**")
    figures = json.loads(edge_detect("evaluate-faces", scenes, "-m", tiny_finder, "--json", "--small-faces").out)
    assert figures["pictures"] == 5


def test_figures_do_not_depend_on_the_number_of_threads(edge_detect, tiny_finder, scenes):
    one, many = (
        edge_detect("evaluate-faces", scenes, "-m", tiny_finder, "--json", "--workers", threads) for threads in (1, 3)
    )
    assert (one.code, one.out) == (many.code, many.out)


def test_progress_is_called_for_each_scene(scenes, finder):
    done = []
    evaluate_faces([finder], read_scenes(scenes), advance=lambda: done.append(1))
    assert len(done) == len(SCENES)


def test_a_folder_without_pictures_is_said_to_be_so(edge_detect, tiny_finder, tmp_path):
    run = edge_detect("evaluate-faces", write_scenes(tmp_path), "-m", tiny_finder)
    assert (run.code, run.out) == (2, "")
    assert f"{tmp_path} holds no pictures" in run.err


def test_the_verb_refuses_a_classifier_an_empty_split_and_a_folder_without_tables(
    edge_detect, tiny_finder, tiny_model, scenes, tmp_path
):
    for arguments, message in (
        ((scenes, "-m", tiny_model), "is a classifier, and a finder is needed"),
        ((scenes, "-m", tiny_finder, "--split", "val"), "no picture is in the split 'val'; there are pictures in test"),
        ((tmp_path, "-m", tiny_finder), "holds no images.csv"),
    ):
        run = edge_detect("evaluate-faces", *arguments)
        assert (run.code, run.out) == (2, "")
        assert message in run.err


def test_a_file_is_no_folder_of_scenes(edge_detect, tiny_finder):
    run = edge_detect("evaluate-faces", tiny_finder, "--model", tiny_finder)
    assert (run.code, run.out) == (2, "")
    assert f"{tiny_finder / 'images.csv'}: Not a directory" in run.err


@pytest.mark.parametrize(
    ("table", "old", "new", "message"),
    [
        ("faces.csv", "score", "sure", "lacks the columns score"),
        ("images.csv", "source", "origin", "lacks the columns source"),
        ("faces.csv", "0.9", "", "row 1: there is no score"),
        ("faces.csv", "0.9", "sure", "must hold numbers"),
        ("faces.csv", "0.9", "9" * 200_000, "is no CSV table"),
        ("faces.csv", "test/found.png,", "test/found.png,nan,1,2,3,1,3\ntest/found.png,", "x0 < x1 and y0 < y1"),
        ("faces.csv", "test/found.png,", "test/found.png,9,9,2,3,1,3\ntest/found.png,", "x0 < x1 and y0 < y1"),
        ("images.csv", "128,128", "0,0", "needs sides of 1 pixel or more"),
        ("images.csv", "test/found.png", "test/empty.png", "test/empty.png is listed twice"),
        ("images.csv", "128", "wide", "must hold numbers"),
        ("faces.csv", "test/found.png", "test/Found.png", "is not in images.csv"),
    ],
)
def test_a_table_that_cannot_be_used_says_what_is_wrong(edge_detect, tiny_finder, scenes, table, old, new, message):
    path = scenes / table
    path.write_text(path.read_text().replace(old, new, 1))
    run = edge_detect("evaluate-faces", scenes, "-m", tiny_finder)
    assert (run.code, run.out) == (2, "")
    assert message in run.err


def test_tables_as_spreadsheets_write_them_are_read(scenes):
    for name in ("images.csv", "faces.csv"):
        text = (
            (scenes / name).read_text().replace(",3\n", ",3.0\n")
            if name == "faces.csv"
            else (scenes / name).read_text()
        )
        (scenes / name).write_text(text, encoding="utf-8-sig")
    assert sum(scene.certain.sum() for scene in read_scenes(scenes)) == 2


def test_a_missing_picture_is_named_once(scenes, finder):
    (scenes / "test" / "found.png").unlink()
    with pytest.raises(PictureError, match=r"found\.png: No such file or directory$"):
        evaluate_faces([finder], read_scenes(scenes))
