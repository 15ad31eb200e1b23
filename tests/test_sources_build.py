"""Building a source from a repository: each picture where it belongs, and always the same bytes."""

import csv
import json
import os
import signal
import subprocess
import time

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


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_each_picture_is_found_where_it_belongs(discs, finder, tmp_path):
    quarry.sources("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    built = tmp_path / "out" / "discs"
    samples = read_manifest(built)
    assert sorted((sample.label, sample.method, sample.group) for sample in samples) == sorted(
        [
            (REAL, "photo", group_name("discs", "1.jpg")),
            (FAKE, "drawn", group_name("discs", "1.jpg")),
            (FAKE, "drawn", group_name("discs", "again.jpg")),
        ]
    )
    reasons = {row["path"]: row["reason"] for row in quarry.rows(built / "dropped.csv")}
    assert reasons == {
        "real/faceless.jpg": "no face",
        "real/broken.jpg": "unreadable",
        "real/tiny.jpg": "too small",
        "real/night.jpg": "no face",
    }
    assert tuple(quarry.rows(built / "labels.csv")[0]) == COLUMNS


def test_a_crop_is_cut_by_the_rule_of_inference_and_written_as_the_shared_data_is(discs, finder, tmp_path):
    quarry.sources("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    row = next(row for row in quarry.rows(tmp_path / "out" / "discs" / "labels.csv") if row["label"] == "real")
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
    quarry.sources(*arguments)
    built = tmp_path / "out" / "discs"
    whole = tree(built)
    (built / quarry.rows(built / "labels.csv")[0]["file"]).unlink()
    quarry.sources(*arguments)
    assert tree(built) == whole
    (journal,) = (built / "journal").glob("*.json")
    journal.write_text(json.dumps([{"reason": MISSING, "path": "x", "group": "x"}]))  # of a clone that lacked them
    quarry.sources(*arguments)
    assert tree(built) == whole


def test_a_clone_over_the_wire_gives_the_same_as_one_on_disk(discs, finder, tmp_path):
    quarry.sources("build", discs, "--out", tmp_path / "disk", "--clones", tmp_path / "owner", "--finder", finder)
    quarry.sources("build", discs, "--out", tmp_path / "wire", "--finder", finder)
    assert tree(tmp_path / "disk" / "discs") == tree(tmp_path / "wire" / "discs")


def test_a_source_that_cannot_be_had_is_left_out_and_named(discs, finder, tmp_path):
    gone = quarry.source(tmp_path / "gone.toml", "https://example.org/o/gone", "0" * 40)
    arguments = ("build", gone, discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    run = subprocess.run(quarry.command(*arguments), capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "gone: left out" in run.stderr
    assert len(read_manifest(tmp_path / "out" / "discs")) == 3


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A source of 400 pictures: six stretches of the journal and a bit."""
    folder = tmp_path_factory.mktemp("many")
    files = {f"{'real' if i % 2 else 'fake'}/{i}.jpg": quarry.jpeg(i, face=i % 7 > 0) for i in range(400)}
    commit = quarry.repository(folder / "owner" / "many", files)
    return quarry.source(folder / "many.toml", (folder / "owner" / "many").as_uri(), commit)


def test_the_number_of_workers_and_kills_in_the_middle_change_nothing(many, finder, tmp_path):
    shared = ("--clones", many.parent / "owner", "--finder", finder)
    quarry.sources("build", many, "--out", tmp_path / "one", "--workers", 1, *shared)
    quarry.sources("build", many, "--out", tmp_path / "three", "--workers", 3, *shared)
    undisturbed = tree(tmp_path / "one" / "many")
    assert len(undisturbed) == 400 - 58 + 3 + 7
    assert tree(tmp_path / "three" / "many") == undisturbed

    out = tmp_path / "killed"
    for least in (1, 150):
        arguments = quarry.command("build", many, "--out", out, "--workers", 1, *shared)
        process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True)
        while process.poll() is None and len(list(out.glob("many/*/*.jpg"))) < least:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        assert not (out / "many" / "labels.csv").exists()
    quarry.sources("build", many, "--out", out, *shared)
    assert tree(out / "many") == undisturbed


def test_a_folder_built_from_something_else_is_not_overwritten(discs, finder, tmp_path):
    shared = ("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    quarry.sources(*shared)
    run = subprocess.run(quarry.command(*shared, "--limit", 2), capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "was built from another plan" in run.stderr


def test_splits_of_other_data_stay_and_every_other_group_is_for_training(discs, finder, tmp_path):
    beside = tmp_path / "beside"
    beside.mkdir()
    (beside / "labels.csv").write_text(
        f"file,label,source,method,group,split\na.jpg,real,discs,photo,{group_name('discs', '1.jpg')},test\n"
    )
    shared = ("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    quarry.sources(*shared, "--beside", beside)
    splits = {sample.group: sample.split for sample in read_manifest(tmp_path / "out" / "discs")}
    assert splits == {group_name("discs", "1.jpg"): "test", group_name("discs", "again.jpg"): "train"}


def test_a_source_that_is_judged_by_only_is_unseen(discs, finder, tmp_path):
    discs.write_text("judged_only = true\n" + discs.read_text())
    quarry.sources("build", discs, "--out", tmp_path / "out", "--clones", tmp_path / "owner", "--finder", finder)
    assert {sample.split for sample in read_manifest(tmp_path / "out" / "discs")} == {"unseen"}


def test_without_other_data_groups_are_split_by_hash():
    splits = [Splits.beside([]).of(group_name("discs", str(i))) for i in range(500)]
    assert {split: splits.count(split) // 50 for split in set(splits)} == pytest.approx(
        {"train": 8, "val": 1, "test": 1}, abs=1
    )


def test_videos_are_no_photos_behind_crops(tmp_path):
    files = {"fake/1.jpg": quarry.jpeg(1), "fake/1.mkv": b"a video"}
    entry = '[[pictures]]\npaths = "{}"\nlabel = "fake"\nmethod = "m"\ngroup_by = "stem"\nframes = {}\n'
    pictures = entry.format("fake/*.jpg", 0) + entry.format("fake/*.mkv", 2)
    commit = quarry.repository(tmp_path / "owner" / "films", files)
    source = quarry.source(tmp_path / "films.toml", (tmp_path / "owner/films").as_uri(), commit, pictures=pictures)
    crops, out = tmp_path / "crops", tmp_path / "photos"
    crops.mkdir()
    (crops / "1.jpg").write_bytes(quarry.jpeg(1))
    (crops / "labels.csv").write_text(
        f"file,label,source,method,group,split\n1.jpg,fake,films,m,{group_name('films', '1')},test\n"
    )
    quarry.sources("originals", source, "--crops", crops, "--clones", tmp_path / "owner", "--out", out)
    assert [photo.path.suffix for photo in read_manifest(out)] == [".jpg"]


def test_the_originals_of_test_crops_are_written_as_they_are(discs, finder, tmp_path):
    quarry.sources("build", discs, "--out", tmp_path / "built", "--clones", tmp_path / "owner", "--finder", finder)
    table = tmp_path / "built" / "discs" / "labels.csv"
    group = group_name("discs", "1.jpg")
    crops = [{**row, "split": "test" if row["group"] == group else "train"} for row in quarry.rows(table)]
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(crops)
    out = tmp_path / "photos"
    quarry.sources("originals", discs, "--crops", table.parent, "--clones", tmp_path / "owner", "--out", out)
    photos = {photo.label: photo for photo in read_manifest(out)}
    assert photos[REAL].path.read_bytes() == quarry.jpeg(1)
    assert photos[FAKE].path.read_bytes() == quarry.jpeg(5)
    assert {(photo.group, photo.split) for photo in photos.values()} == {(group, "test")}
