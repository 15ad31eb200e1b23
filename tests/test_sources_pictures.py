"""What becomes of a source's pictures: kept whole, taken from videos or collages, matched in size, or dropped."""

import clips
import cv2
import numpy as np
import pytest
import quarry
import zoo

from edge_detect import image
from edge_detect.manifest import FAKE, REAL, read_manifest
from training.sources.plan import group_name
from training.sources.sizes import UNMATCHED


def test_a_source_of_tight_crops_is_kept_whole_and_its_lowest_part_can_be_cut_off(tmp_path):
    strip = quarry.picture(1, side=200)
    strip[-20:] = 255
    home = tmp_path / "owner" / "tight"
    files = {"real/1.jpg": zoo.encode(strip, "JPEG", quality=95), "fake/1.jpg": quarry.jpeg(2, side=200)}
    commit = quarry.repository(home, files)
    source = quarry.source(tmp_path / "tight.toml", home.as_uri(), commit, "finder = false\ntrim_bottom = 0.1\n")
    quarry.sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
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
    quarry.sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
    assert [row["reason"] for row in quarry.rows(tmp_path / "out" / "night" / "dropped.csv")] == ["too dark"]


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
    quarry.sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
    built = tmp_path / "out" / "films"
    samples = read_manifest(built)
    assert {sample.group for sample in samples} == {group_name("films", "long.mkv")}
    redness = sorted(image.decode(sample.path.read_bytes()).pixels[..., 0].mean() for sample in samples)
    assert redness == pytest.approx([40, 140], abs=12)  # the third and the eighth of ten: the middles of both halves
    found = {row["path"]: (row["reason"], row["detail"]) for row in quarry.rows(built / "dropped.csv")}
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
    quarry.sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
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


def test_of_each_size_as_many_real_as_fake_crops_are_listed_where_a_source_asks_for_it(tmp_path):
    sides = {"real": (100, 100, 100, 160), "fake": (102, 200, 200)}
    pictures = {f"{label}/{i}.jpg": quarry.jpeg(i, side=s) for label in sides for i, s in enumerate(sides[label])}
    home = tmp_path / "owner" / "sizes"
    commit = quarry.repository(home, pictures)
    source = quarry.source(tmp_path / "sizes.toml", home.as_uri(), commit, more="finder = false\nsame_sizes = true\n")
    for _ in range(2):  # what is left out is still on disk, and built only once
        quarry.sources("build", source, "--out", tmp_path / "out", "--clones", tmp_path / "owner")
        built = tmp_path / "out" / "sizes"
        listed = [(row["label"], row["native_side"]) for row in quarry.rows(built / "labels.csv")]
        assert listed == [("fake", "102"), ("real", "100")]
        left_out = [(row["label"], row["reason"]) for row in quarry.rows(built / "dropped.csv")]
        assert left_out == [("fake", UNMATCHED)] * 2 + [("real", UNMATCHED)] * 3
