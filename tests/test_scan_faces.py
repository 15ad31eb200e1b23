"""`edge-detect scan` with a finder: faces found, cut out, scored and drawn."""

import cv2
import numpy as np
import zoo

from edge_detect import image

EMPTY = zoo.encode(np.zeros((32, 32, 3), np.uint8), "PNG")


def spotted(side: int) -> bytes:
    """A picture in which the tiny finder finds one face of half its side, and the tiny classifier a fake."""
    picture = np.zeros((side, side, 3), np.uint8)
    picture[side // 2 : side // 2 + side // 8, side // 2 : side // 2 + side // 8] = (255, 0, 0)
    return zoo.encode(picture, "PNG")


def test_faces_are_found_cut_out_and_scored(edge_detect, tiny_model, tiny_finder, tmp_path):
    files = {
        "empty.png": EMPTY,
        "face.png": spotted(512),
        "small.png": spotted(64),
    }
    folder = zoo.write(files, tmp_path / "in")
    models = ("-m", tiny_model, "--finder", tiny_finder)
    options = ("--annotate", tmp_path / "drawn", "--save-crops", tmp_path / "crops")
    run = edge_detect("scan", *models, "--jsonl", *options, folder)
    empty, face, small = run.records
    assert (empty["verdict"], empty["score"], empty["faces"]) == ("no_face", None, [])
    assert (face["faces"][0]["box"], face["faces"][0]["size"]) == ([160.0, 160.0, 416.0, 416.0], 256.0)
    assert (small["verdict"], small["faces"][0]["reason"]) == ("uncertain", "too_small")
    assert len(list((tmp_path / "crops").iterdir())) == 2
    assert len(list((tmp_path / "drawn").iterdir())) == 3


def test_the_text_says_that_a_face_is_too_small(edge_detect, tiny_model, tiny_finder, tmp_path):
    folder = zoo.write({"empty.png": EMPTY, "small.png": spotted(64)}, tmp_path / "in")
    run = edge_detect("scan", "-m", tiny_model, "--finder", tiny_finder, folder)
    assert run.lines[0] == f"no_face      –    {folder / 'empty.png'}"
    assert run.lines[1].endswith("small.png: the largest face has 32 pixels, too few to judge")
    assert run.code == 0


def test_two_ways_to_look_for_faces_exclude_each_other(edge_detect, tiny_model):
    for option in (["--small-faces"], ["--finder", "face"]):
        run = edge_detect("scan", "--whole-image", "-m", tiny_model, *option, "x.png")
        assert (run.code, run.out) == (2, "")
        assert "finds no faces" in run.err


def test_small_faces_is_passed_on(edge_detect, tiny_model, tiny_finder, tmp_path):
    picture = np.zeros((128, 128, 3), np.uint8)
    picture[40:48, 72:80] = (150, 0, 0)  # half a cell of the whole picture, a cell of a tile
    (tmp_path / "x.png").write_bytes(zoo.encode(picture, "PNG"))
    options = ("scan", "-m", tiny_model, "--finder", tiny_finder, "--jsonl")
    assert edge_detect(*options, tmp_path / "x.png").records[0]["faces"] == []
    (face,) = edge_detect(*options, "--small-faces", tmp_path / "x.png").records[0]["faces"]
    assert face["box"] == [60, 28, 92, 60]


def test_a_box_is_drawn_where_the_face_is_though_less_was_decoded(edge_detect, tiny_model, tiny_finder, tmp_path):
    large = cv2.resize(image.decode(spotted(512)).pixels, (2048, 2048), interpolation=cv2.INTER_NEAREST)
    folder = zoo.write({"large.jpg": zoo.encode(large, "JPEG")}, tmp_path / "in")
    edge_detect("scan", "-m", tiny_model, "--finder", tiny_finder, "--annotate", tmp_path / "out", folder)
    (drawn,) = (tmp_path / "out").iterdir()
    pixels = image.decode(drawn.read_bytes()).pixels.astype(int)
    assert pixels.shape == (256, 256, 3)
    for x, y in ((80, 140), (207, 140), (140, 207)):  # the box is from 80 to 208
        assert pixels[y - 2 : y + 3, x - 2 : x + 3].max() > 100
    assert pixels[215:].max() < 60
