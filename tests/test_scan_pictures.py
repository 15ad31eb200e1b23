"""Pictures that a scan writes: crops, and the originals with boxes drawn in."""

import numpy as np
import zoo

from edge_detect import image


def test_crops_are_what_the_classifier_saw(edge_detect, tiny_model, tmp_path):
    source = tmp_path / "scene.png"
    source.write_bytes(zoo.good()["plain.png"])
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", "--save-crops", tmp_path / "crops", source)
    (crop,) = (tmp_path / "crops").iterdir()
    again = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", crop)
    assert crop.name.startswith("scene-")
    assert again.records[0]["score"] == run.records[0]["score"]


def test_annotated_pictures_have_the_size_of_the_original_and_a_drawn_box(edge_detect, tiny_model, tmp_path):
    folder = zoo.write({"scene.png": zoo.good()["plain.png"], "broken.png": b"x"}, tmp_path / "in")
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--annotate", tmp_path / "out", folder)
    (drawn,) = (tmp_path / "out").iterdir()
    pixels = image.decode(drawn.read_bytes()).pixels
    assert run.code == 2
    assert pixels.shape == zoo.scene().shape
    assert np.abs(pixels.astype(int) - zoo.scene()).max() > 100


def test_pictures_with_a_long_name_or_a_long_side_are_drawn_like_others(edge_detect, tiny_model, tmp_path):
    long = tmp_path / f"{'🙂' * 60}.png"
    long.write_bytes(zoo.encode(np.full((2, 70_000, 3), (200, 0, 0), np.uint8), "PNG"))
    folders = tmp_path / "drawn", tmp_path / "crops"
    run = edge_detect(
        *("scan", "-m", tiny_model, "--whole-image", "--annotate", folders[0], "--save-crops", folders[1], long)
    )
    assert run.code == 1
    for folder in folders:
        (written,) = folder.iterdir()
        assert written.name.startswith("🙂" * 40)


def test_a_file_where_a_folder_for_pictures_should_be_is_wrong_usage(edge_detect, tiny_model, tmp_path):
    (tmp_path / "a.png").write_bytes(zoo.encode(np.zeros((8, 8, 3), np.uint8), "PNG"))
    run = edge_detect("scan", "-m", tiny_model, "--save-crops", tmp_path / "a.png", tmp_path / "a.png")
    assert (run.code, run.out) == (2, "")
    assert "pictures cannot be written to" in run.err


def test_equal_names_in_two_folders_do_not_overwrite_each_other(edge_detect, tiny_model, tmp_path):
    for name in ("one", "two"):
        zoo.write({"scene.png": zoo.good()["plain.png"]}, tmp_path / "in" / name)
    edge_detect("scan", "--whole-image", "-m", tiny_model, "--save-crops", tmp_path / "out", tmp_path / "in")
    assert len(list((tmp_path / "out").iterdir())) == 2
