"""Checking built sources: nothing twice, nothing across splits, and how much the files alone give away."""

import csv
import subprocess
import sys

import cv2
import numpy as np
import pytest

from edge_detect import image
from edge_detect.errors import UsageError
from edge_detect.evaluation.facts import jpeg_quality, leakage
from edge_detect.manifest import Sample, data_hash, read_manifest, read_manifests
from training.sources import likeness, tables
from training.sources.build import COLUMNS, DROPPED, write_table
from training.sources.check import HELD_OUT, TWIN, check


def crop(seed: int, shift: int = 0, side: int = 224) -> np.ndarray:
    """The middle of a picture, framed a little differently by `shift`."""
    rng = np.random.default_rng(seed)
    coarse = cv2.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), (300, 300), interpolation=cv2.INTER_CUBIC)
    fine = cv2.resize(rng.integers(0, 255, (24, 24, 3), np.uint8), (300, 300), interpolation=cv2.INTER_CUBIC)
    scene = cv2.addWeighted(coarse, 0.6, fine, 0.4, 0)
    return image.resize(np.ascontiguousarray(scene[30 + shift : 260, 30 + shift : 260]), side)


def root(folder, *pictures, source="discs", framed=True):
    """A built source, or data beside: pictures are (name, pixels, label, group, split), with a face box or without."""
    rows = []
    for name, pixels, label, group, split in pictures:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(image.encode(pixels, ".jpg", 88))
        box = dict.fromkeys(("x0", "y0"), 20) | dict.fromkeys(("x1", "y1"), 200) if framed else {}
        known = {"label": label, "source": source, "method": "m", "group": group, "split": split}
        rows.append({"file": name, "side": 224, "native_side": 300, **known, **box})
    write_table(folder / "labels.csv", COLUMNS, rows)
    write_table(folder / "dropped.csv", DROPPED, [])
    return folder


def listed(folder):
    with (folder / "labels.csv").open(newline="") as file:
        return sorted(row["file"].split("/")[-1] for row in csv.DictReader(file))


def reasons(folder):
    with (folder / "dropped.csv").open(newline="") as file:
        return {row["path"].split("/")[-1]: row["reason"] for row in csv.DictReader(file)}


def test_a_picture_of_another_split_is_dropped_from_training_however_it_was_framed(tmp_path):
    root(tmp_path / "out" / "discs", *((f"{i}.jpg", crop(i), "real", f"g{i}", "train") for i in range(20)))
    held = [(f"h{i}.jpg", crop(i, shift=9, side=160), "real", f"h{i}", "test") for i in range(3)]
    outcome = check(tmp_path / "out", [root(tmp_path / "beside", *held)])
    assert sorted(twin.dropped.path.name for twin in outcome.twins) == ["0.jpg", "1.jpg", "2.jpg"]
    assert listed(tmp_path / "out") == sorted(f"{i}.jpg" for i in range(3, 20))
    assert reasons(tmp_path / "out") == dict.fromkeys(("0.jpg", "1.jpg", "2.jpg"), TWIN)


def test_a_held_out_picture_has_no_twin_in_training_even_under_another_label_or_source(tmp_path):
    root(tmp_path / "out" / "discs", ("a.jpg", crop(1), "fake", "a", "train"), ("b.jpg", crop(2), "real", "b", "train"))
    beside = root(tmp_path / "beside", ("c.jpg", crop(1), "real", "c", "unseen"), source="elsewhere")
    check(tmp_path / "out", [beside])
    assert listed(tmp_path / "out") == ["b.jpg"]


def test_a_held_out_picture_is_found_under_the_name_of_another_source_however_it_was_framed(tmp_path):
    root(tmp_path / "out" / "discs", *((f"{i}.jpg", crop(i), "real", f"g{i}", "train") for i in range(20)))
    pictures = [(f"h{i}.jpg", crop(i, shift=9, side=160), "real", f"h{i}", "val") for i in range(3)]
    pictures.append(("t.jpg", crop(3, shift=9, side=160), "real", "t", "train"))  # twice in training: no harm done
    check(tmp_path / "out", [root(tmp_path / "beside", *pictures, source="elsewhere")])
    assert listed(tmp_path / "out") == sorted(f"{i}.jpg" for i in range(3, 20))


def test_scenes_of_another_split_are_dropped_from_a_source_that_is_taken_whole(tmp_path):
    pictures = [(f"{i}.jpg", crop(i), "real", f"g{i}", "train") for i in range(20)]
    root(tmp_path / "out" / "discs", *pictures, framed=False)
    held = [(f"h{i}.jpg", crop(i, shift=9), "real", f"h{i}", "val") for i in range(3)]
    check(tmp_path / "out", [root(tmp_path / "beside", *held, framed=False)])
    assert listed(tmp_path / "out") == sorted(f"{i}.jpg" for i in range(3, 20))


def test_a_source_taken_whole_of_which_the_data_beside_only_trains_is_checked(tmp_path):
    root(tmp_path / "out" / "discs", *((f"{i}.jpg", crop(i), "real", f"g{i}", "train") for i in range(5)), framed=False)
    beside = root(tmp_path / "beside", ("h.jpg", crop(0), "real", "h", "train"), framed=False)
    check(tmp_path / "out", [beside])
    assert listed(tmp_path / "out") == [f"{i}.jpg" for i in range(1, 5)]  # the hash alone finds it


def test_a_training_picture_is_held_once(tmp_path):
    again = cv2.GaussianBlur(crop(1), (0, 0), 0.7)
    root(
        tmp_path / "out" / "discs",
        ("a.jpg", crop(1), "real", "a", "train"),
        ("b.jpg", again, "real", "b", "train"),
        ("c.jpg", crop(2), "real", "c", "train"),
        ("d.jpg", crop(3), "real", "d", "train"),
    )
    check(tmp_path / "out", [root(tmp_path / "beside", ("d.jpg", crop(3), "real", "d", "train"))])
    assert listed(tmp_path / "out") == ["a.jpg", "c.jpg"]


def test_a_picture_that_the_data_beside_holds_in_another_frame_and_the_same_group_is_dropped(tmp_path):
    root(tmp_path / "out" / "discs", ("a.jpg", crop(1), "real", "a", "train"), ("b.jpg", crop(2), "real", "b", "train"))
    check(tmp_path / "out", [root(tmp_path / "beside", ("c.jpg", crop(1, shift=9), "real", "a", "train"))])
    assert listed(tmp_path / "out") == ["b.jpg"]


def test_an_original_and_its_manipulation_both_stay_and_so_do_variants_of_one_origin(tmp_path):
    retouched, other = crop(1).copy(), crop(1).copy()
    retouched[90:130, 60:160] = crop(7)[90:130, 60:160]
    other[90:130, 60:160] = crop(8)[90:130, 60:160]
    root(
        tmp_path / "out" / "discs",
        ("a.jpg", crop(1), "real", "g", "train"),
        ("b.jpg", crop(1), "fake", "g", "train"),
        ("c.jpg", retouched, "fake", "g", "train"),
        ("d.jpg", other, "fake", "g", "train"),
        ("e.jpg", other, "fake", "g", "train"),
    )
    check(tmp_path / "out", [])
    assert listed(tmp_path / "out") == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_a_group_in_two_splits_is_refused_with_what_to_do(tmp_path):
    root(tmp_path / "out" / "discs", ("a.jpg", crop(1), "real", "g", "train"))
    beside = root(tmp_path / "beside", ("b.jpg", crop(2), "real", "g", "test"))
    with pytest.raises(UsageError, match=r"group 'g' is in the splits.*same --beside"):
        check(tmp_path / "out", [beside])


def test_data_beside_alone_validates_and_tests(tmp_path):
    pictures = [("a.jpg", crop(1), "real", "a", "train"), ("b.jpg", crop(2), "real", "b", "test")]
    root(tmp_path / "out" / "discs", *pictures, ("d.jpg", crop(4), "real", "d", "val"))
    check(tmp_path / "out", [root(tmp_path / "beside", ("c.jpg", crop(3), "real", "b", "test"))])
    assert listed(tmp_path / "out") == ["a.jpg"]
    assert reasons(tmp_path / "out") == {"b.jpg": HELD_OUT, "d.jpg": HELD_OUT}
    check(tmp_path / "out", [])
    assert listed(tmp_path / "out") == ["a.jpg", "b.jpg", "d.jpg"]


def test_what_is_judged_by_only_stays_and_shows_nothing_that_training_shows(tmp_path):
    judged = [(f"j{i}.jpg", crop(i), "fake", f"j{i}", "unseen") for i in (1, 2, 3)]
    again, known = (("j4.jpg", crop(3), "fake", "j4", "unseen"), ("j5.jpg", crop(5), "fake", "g", "unseen"))
    root(tmp_path / "out" / "judged", *judged, again, known, source="judged")
    training = [("t1.jpg", crop(1), "real", "t1", "train"), ("t9.jpg", crop(9), "real", "t9", "train")]
    root(tmp_path / "out" / "discs", *training)
    pictures = [("c.jpg", crop(2), "real", "c", "train"), ("g.jpg", crop(6), "real", "g", "unseen")]
    beside = root(tmp_path / "beside", *pictures, source="given")
    outcome = check(tmp_path / "out", [beside])
    assert listed(tmp_path / "out") == ["j1.jpg", "j3.jpg", "t9.jpg"]
    assert reasons(tmp_path / "out") == dict.fromkeys(("t1.jpg", "j2.jpg", "j4.jpg"), TWIN) | {"j5.jpg": HELD_OUT}
    assert "| judged (judged by only) | 0 | 2 |" in tables.report(outcome)


def test_checked_sources_are_a_second_root_for_a_recipe_and_another_check_finds_the_same(tmp_path):
    pictures = [(f"{i}.jpg", crop(i), ("real", "fake")[i % 2], f"g{i}", "train") for i in range(8)]
    root(tmp_path / "out" / "discs", *pictures)
    root(tmp_path / "out" / "rings", ("x.jpg", crop(40), "fake", "x", "train"), source="rings")
    beside = root(tmp_path / "beside", ("c.jpg", crop(0), "real", "c", "val"))
    first = check(tmp_path / "out", [beside])
    table = (tmp_path / "out" / "labels.csv").read_bytes()
    assert check(tmp_path / "out", [beside]).sha256 == first.sha256 == data_hash(read_manifest(tmp_path / "out"))
    assert (tmp_path / "out" / "labels.csv").read_bytes() == table
    samples = read_manifests([beside, tmp_path / "out"])
    assert [(s.split, s.path.exists()) for s in samples] == [("val", True)] + [("train", True)] * 8
    assert (tmp_path / "out" / "sheets" / "rings.jpg").exists()


def test_a_folder_without_sources_is_refused(tmp_path):
    with pytest.raises(UsageError, match="holds no built source"):
        check(tmp_path, [])


def test_crops_of_one_picture_are_alike_and_crops_of_others_are_not():
    thumbs = np.stack([
        image.resize(cv2.cvtColor(crop(seed, shift), cv2.COLOR_RGB2GRAY), likeness.THUMB)
        for seed, shift in [(1, 0), (1, 12), *((seed, 0) for seed in range(2, 30))]
    ])  # fmt: skip
    pairs = np.array([(0, other) for other in range(1, 30)])
    values = likeness.correlations(thumbs, thumbs, pairs, 1)
    assert values[0] > likeness.ALIKE
    assert values[1:].max() < likeness.ALIKE - 0.1


def samples(folder, count, label, quality):
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for i in range(count):
        path = folder / f"{label}{i}.jpg"
        path.write_bytes(image.encode(crop(i), ".jpg", quality))
        made.append(Sample(path, label, "s", "m", f"{label}{i}", "train"))
    return made


def test_file_facts_tell_when_fakes_are_compressed_otherwise_and_nothing_when_they_are_not(tmp_path):
    reals = samples(tmp_path, 60, 0, 88)
    assert leakage(reals, samples(tmp_path / "a", 60, 1, 70)) > 0.99
    assert leakage(reals, samples(tmp_path / "b", 60, 1, 88)) < 0.6


@pytest.mark.parametrize("quality", [50, 75, 88, 95])
def test_the_quality_of_a_jpeg_is_read_from_its_table(quality):
    assert jpeg_quality(image.encode(crop(1), ".jpg", quality)) == pytest.approx(quality, abs=1)
    assert jpeg_quality(image.encode(crop(1), ".png")) == 0


def test_the_report_counts_by_source_and_reason_and_fills_a_document(tmp_path):
    root(
        tmp_path / "out" / "discs",
        *((f"{i}.jpg", crop(i), ("real", "fake")[i % 2], f"g{i}", "train") for i in range(30)),
    )
    beside = root(tmp_path / "beside", ("c.jpg", crop(0), "real", "c", "val"))
    document = tmp_path / "data.md"
    document.write_text("<!-- sources --><!-- /sources -->\n<!-- descriptions -->\n<!-- /descriptions -->\n")
    arguments = ["check", tmp_path / "out", "--beside", beside, "--report", document]
    command = [sys.executable, "-m", "training.sources", *map(str, arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| discs | 14 | 15 | 1 |" in run.stdout
    assert "| discs | discs, val | 1 |" in run.stdout
    assert run.stdout.strip() in document.read_text()
    assert tables.described() in document.read_text()
