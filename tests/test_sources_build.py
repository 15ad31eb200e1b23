"""Building a source from a repository: each picture where it belongs, and always the same bytes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import clips
import cv2
import numpy as np
import pytest
import quarry
import seeker
import zoo

from edge_detect import image
from edge_detect.evaluation.facts import jpeg_quality
from edge_detect.manifest import FAKE, REAL, read_manifest
from training.sources.build import COLUMNS, MISSING, Splits
from training.sources.plan import group_name
from training.sources.sizes import UNMATCHED


@pytest.fixture(scope="module")
def finder(tmp_path_factory):
    return seeker.write(tmp_path_factory.mktemp("finder") / "seeker.tflite")


@pytest.fixture
def discs(tmp_path):
    """A source with one picture of each fate."""
    half = quarry.jpeg(8)
    files = {
        "real/1.jpg": quarry.jpeg(1),
        "real/faceless.jpg": quarry.jpeg(2, face=False),
        "real/broken.jpg": half[: len(half) // 2],
        "real/tiny.jpg": quarry.jpeg(3, side=90),
        "real/night.jpg": zoo.encode((quarry.picture(4) // 24).astype(np.uint8), "JPEG"),
        "fake/1.jpg": quarry.jpeg(5),
        "fake/again.jpg": quarry.jpeg(5),
    }
    home = tmp_path / "owner" / "discs"
    commit = quarry.repository(home, files)
    return quarry.source(tmp_path / "discs.toml", home.as_uri(), commit)


def command(*arguments):
    return [sys.executable, "-m", "training.sources", *map(str, arguments)]


def sources(*arguments):
    run = subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run


def rows(table):
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_picture_is_found_where_it_belongs(discs, finder, tmp_path):
    sources("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    built = tmp_path / "out" / "discs"
    samples = read_manifest(built)
    assert sorted((sample.label, sample.method, sample.group) for sample in samples) == sorted(
        [
            (REAL, "photo", group_name("discs", "1.jpg")),
            (FAKE, "drawn", group_name("discs", "1.jpg")),
            (FAKE, "drawn", group_name("discs", "again.jpg")),
        ]
    )
    reasons = {row["path"]: row["reason"] for row in rows(built / "dropped.csv")}
    assert reasons == {
        "real/faceless.jpg": "no face",
        "real/broken.jpg": "unreadable",
        "real/tiny.jpg": "too small",
        "real/night.jpg": "no face",
    }
    assert tuple(rows(built / "labels.csv")[0]) == COLUMNS


def test_a_crop_is_cut_by_the_rule_of_inference_and_written_as_the_shared_data_is(discs, finder, tmp_path):
    sources("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    row = next(row for row in rows(tmp_path / "out" / "discs" / "labels.csv") if row["label"] == "real")
    data = (tmp_path / "out" / "discs" / row["file"]).read_bytes()
    square = image.face_square((110, 70, 250, 210), 320, 320)
    assert (row["side"], row["native_side"]) == ("196", str(square.side)) == ("196", "196")
    assert [float(row[key]) for key in ("x0", "y0", "x1", "y1")] == [28, 28, 168, 168]
    expected = image.cut(image.decode(quarry.jpeg(1)).pixels, square)
    assert np.abs(image.decode(data).pixels.astype(int) - expected).mean() < 4
    assert jpeg_quality(data) == 88
    assert b"Exif" not in data
    assert b"JFIF" in data[:32]


def test_what_was_lost_or_missing_is_built_again(discs, finder, tmp_path):
    arguments = ("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    sources(*arguments)
    built = tmp_path / "out" / "discs"
    whole = tree(built)
    (built / rows(built / "labels.csv")[0]["file"]).unlink()
    sources(*arguments)
    assert tree(built) == whole
    (journal,) = (built / "journal").glob("*.json")
    journal.write_text(json.dumps([{"reason": MISSING, "path": "x", "group": "x"}]))  # of a clone that lacked them
    sources(*arguments)
    assert tree(built) == whole


def test_a_clone_over_the_wire_gives_the_same_as_one_on_disk(discs, finder, tmp_path):
    sources("build", discs, "--out", tmp_path / "disk", "--clones", tmp_path / "owner", "--finder", finder)
    sources("build", discs, "--out", tmp_path / "wire", "--finder", finder)
    assert tree(tmp_path / "disk" / "discs") == tree(tmp_path / "wire" / "discs")


def test_a_source_that_cannot_be_had_is_left_out_and_named(discs, finder, tmp_path):
    gone = quarry.source(tmp_path / "gone.toml", "https://example.org/o/gone", "0" * 40)
    arguments = ("build", gone, discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    run = subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "gone: left out" in run.stderr
    assert len(read_manifest(tmp_path / "out" / "discs")) == 3


def test_a_source_of_tight_crops_is_kept_whole_and_its_lowest_part_can_be_cut_off(tmp_path):
    strip = quarry.picture(1, side=200)
    strip[-20:] = 255
    home = tmp_path / "owner" / "tight"
    files = {"real/1.jpg": zoo.encode(strip, "JPEG", quality=95), "fake/1.jpg": quarry.jpeg(2, side=200)}
    commit = quarry.repository(home, files)
    source = quarry.source(tmp_path / "tight.toml", home.as_uri(), commit, "finder = false\ntrim_bottom = 0.1\n")
    sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
    samples = read_manifest(tmp_path / "out" / "tight")
    assert [sample.box for sample in samples] == [None, None]
    crop = image.decode(next(s for s in samples if s.label == REAL).path.read_bytes()).pixels
    assert crop.shape == (180, 180, 3)
    assert crop[-4:].mean() < 200


def test_what_cannot_be_made_out_is_dropped(tmp_path):
    home = tmp_path / "owner" / "night"
    night = cv2.convertScaleAbs(quarry.picture(1), alpha=0.04)
    commit = quarry.repository(home, {"real/1.jpg": zoo.encode(night, "JPEG"), "fake/1.jpg": quarry.jpeg(2)})
    source = quarry.source(tmp_path / "night.toml", home.as_uri(), commit, "finder = false\n")
    sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
    assert [row["reason"] for row in rows(tmp_path / "out" / "night" / "dropped.csv")] == ["too dark"]


def test_frames_of_a_video_are_spread_over_it_and_belong_together(tmp_path):
    clips.write(tmp_path / "clip.mkv", [clips.solid((20 * at, 0, 200 - 20 * at), 96, 96) for at in range(10)])
    clips.write(tmp_path / "still.mkv", [clips.solid((20, 200, 40), 96, 96)])
    home = tmp_path / "owner" / "films"
    files = {
        "fake/long.mkv": (tmp_path / "clip.mkv").read_bytes(),
        "fake/short.mkv": (tmp_path / "still.mkv").read_bytes(),
        "fake/none.mkv": b"no video",
    }
    commit = quarry.repository(home, files)
    pictures = '[[pictures]]\npaths = "fake/*"\nlabel = "fake"\nmethod = "film"\nframes = 2\n'
    source = quarry.source(tmp_path / "films.toml", home.as_uri(), commit, "finder = false\n", pictures)
    sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
    built = tmp_path / "out" / "films"
    samples = read_manifest(built)
    assert {sample.group for sample in samples} == {group_name("films", "long.mkv")}
    redness = sorted(image.decode(sample.path.read_bytes()).pixels[..., 0].mean() for sample in samples)
    assert redness == pytest.approx([40, 140], abs=12)  # the third and the eighth of ten: the middles of both halves
    found = {row["path"]: (row["reason"], row["detail"]) for row in rows(built / "dropped.csv")}
    assert found == {
        "fake/short.mkv": ("unreadable", "frames that can be read: 1"),
        "fake/none.mkv": ("unreadable", "frames that can be read: 0"),
    }


def test_parts_of_a_collage_are_pictures_of_one_origin(tmp_path):
    home = tmp_path / "owner" / "collages"
    beside = np.hstack([clips.solid(colour, 96, 120) for colour in ((200, 0, 0), (0, 0, 200), (0, 200, 0))])
    clips.write(tmp_path / "clip.mkv", [beside] * 4)
    files = {"a.png": zoo.encode(beside, "PNG"), "b.mkv": (tmp_path / "clip.mkv").read_bytes()}
    commit = quarry.repository(home, files)
    entry = '[[pictures]]\npaths = "{}"\nlabel = "{}"\nmethod = "m"\nframes = {}\npart = [{}, 0.2, {}, 1]\n'
    pictures = "".join(
        entry.format(paths, label, frames, left, right)
        for paths, frames in (("a.png", 0), ("b.mkv", 2))
        for label, left, right in (("fake", 0, 0.3333), ("real", 0.6667, 1))
    )
    source = quarry.source(tmp_path / "collages.toml", home.as_uri(), commit, "finder = false\n", pictures)
    sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
    samples = read_manifest(tmp_path / "out" / "collages")
    assert sorted((sample.group, sample.label) for sample in samples) == sorted(
        (group_name("collages", file), label)
        for file, count in (("a.png", 1), ("b.mkv", 2))
        for label in (REAL, FAKE) * count
    )
    for sample in samples:
        pixels = image.decode(sample.path.read_bytes()).pixels
        assert pixels.shape == (96, 96, 3)
        red, green = pixels.mean((0, 1))[:2]
        assert (red > green) == (sample.label == FAKE)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A source of 400 pictures: six stretches of the journal and a bit."""
    folder = tmp_path_factory.mktemp("many")
    files = {f"{'real' if i % 2 else 'fake'}/{i}.jpg": quarry.jpeg(i, face=i % 7 > 0) for i in range(400)}
    commit = quarry.repository(folder / "owner" / "many", files)
    return quarry.source(folder / "many.toml", (folder / "owner" / "many").as_uri(), commit)


def test_the_number_of_workers_and_kills_in_the_middle_change_nothing(many, finder, tmp_path):
    shared = ("--clones", many.parent / "owner", "--finder", finder)
    sources("build", many, "--out", tmp_path / "one", "--workers", 1, *shared)
    sources("build", many, "--out", tmp_path / "three", "--workers", 3, *shared)
    undisturbed = tree(tmp_path / "one" / "many")
    assert len(undisturbed) == 400 - 58 + 3 + 7
    assert tree(tmp_path / "three" / "many") == undisturbed

    out = tmp_path / "killed"
    for least in (1, 150):
        arguments = command("build", many, "--out", out, "--workers", 1, *shared)
        process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True)
        while process.poll() is None and len(list(out.glob("many/*/*.jpg"))) < least:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (out / "many" / "labels.csv").exists()
    sources("build", many, "--out", out, *shared)
    assert tree(out / "many") == undisturbed


def test_a_folder_built_from_something_else_is_not_overwritten(discs, finder, tmp_path):
    shared = ("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    sources(*shared)
    run = subprocess.run(command(*shared, "--limit", 2), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "was built from another plan" in run.stderr


def test_splits_of_other_data_stay_and_every_other_group_is_for_training(discs, finder, tmp_path):
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "labels.csv").write_text(
        f"file,label,source,method,group,split\na.jpg,real,discs,photo,{group_name('discs', '1.jpg')},test\n"
    )
    shared = ("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    sources(*shared, "--beside", beside)
    splits = {sample.group: sample.split for sample in read_manifest(tmp_path / "out" / "discs")}
    assert splits == {group_name("discs", "1.jpg"): "test", group_name("discs", "again.jpg"): "train"}


def test_a_source_that_is_judged_by_only_is_unseen(discs, finder, tmp_path):
    discs.write_text("judged_only = true\n" + discs.read_text())
    sources("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    assert {sample.split for sample in read_manifest(tmp_path / "out" / "discs")} == {"unseen"}


def test_of_each_size_as_many_real_as_fake_crops_are_listed_where_a_source_asks_for_it(tmp_path):
    sides = {"real": (100, 100, 100, 160), "fake": (102, 200, 200)}
    pictures = {f"{label}/{i}.jpg": quarry.jpeg(i, side=s) for label in sides for i, s in enumerate(sides[label])}
    home = tmp_path / "owner" / "sizes"
    commit = quarry.repository(home, pictures)
    source = quarry.source(tmp_path / "sizes.toml", home.as_uri(), commit, more="finder = false\nsame_sizes = true\n")
    for _ in range(2):  # what is left out is still on disk, and built only once
        sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
        built = tmp_path / "out" / "sizes"
        listed = [(row["label"], row["native_side"]) for row in rows(built / "labels.csv")]
        assert listed == [("fake", "102"), ("real", "100")]
        left_out = [(row["label"], row["reason"]) for row in rows(built / "dropped.csv")]
        assert left_out == [("fake", UNMATCHED)] * 2 + [("real", UNMATCHED)] * 3


def test_without_other_data_groups_are_split_by_hash():
    splits = [Splits.beside([]).of(group_name("discs", str(i))) for i in range(500)]
    assert {split: splits.count(split) // 50 for split in set(splits)} == pytest.approx(
        {"train": 8, "val": 1, "test": 1}, abs=1
    )


def test_the_originals_of_test_crops_are_written_as_they_are(discs, finder, tmp_path):
    sources("build", discs, "--out", tmp_path / "built", "--clones", tmp_path / "owner", "--finder", finder)
    table = tmp_path / "built" / "discs" / "labels.csv"
    group = group_name("discs", "1.jpg")
    crops = [{**row, "split": "test" if row["group"] == group else "train"} for row in rows(table)]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(crops)
    out = tmp_path / "photos"
    sources("originals", discs, "--crops", table.parent, "--clones", tmp_path / "owner", "--out", out)
    photos = {photo.label: photo for photo in read_manifest(out)}
    assert photos[REAL].path.read_bytes() == quarry.jpeg(1)
    assert photos[FAKE].path.read_bytes() == quarry.jpeg(5)
    assert {(photo.group, photo.split) for photo in photos.values()} == {(group, "test")}
