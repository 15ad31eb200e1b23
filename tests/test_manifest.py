import dataclasses
import errno
import os
from pathlib import Path

import pytest
import zoo

from edge_detect.errors import PictureError, UsageError
from edge_detect.manifest import FAKE, REAL, data_hash, load_pictures, read_manifest, read_manifests, samples_hash

HEADER = "file,label,source,method,group,split\n"


def manifest(folder, rows):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "labels.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    for row in rows:
        path = folder / row.split(",")[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row.encode())
    return folder


def test_a_table_is_read(tmp_path):
    samples = read_manifest(manifest(tmp_path, ["b.jpg,fake,s,swap,g1,test", "a.jpg,real,s,photo,g2,train"]))
    assert [(s.path.name, s.label, s.method, s.split) for s in samples] == [
        ("a.jpg", REAL, "photo", "train"),
        ("b.jpg", FAKE, "swap", "test"),
    ]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a.jpg,maybe,s,m,g,train"], "line 2: label 'maybe'"),
        (["a.jpg,real,s,m,g,dev"], "split 'dev'"),
        (["a.jpg,real,s,m,g,train", "b.jpg,fake,s,m,g,test"], "group 'g' is in the splits"),
        (["a.jpg,real,s,m,,train"], "line 2: there is no group"),
        (["a.jpg,real"], "line 2: there is no group"),
        ([], "holds no pictures"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, rows, message):
    with pytest.raises(UsageError, match=message):
        read_manifest(manifest(tmp_path, rows))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ((HEADER + "ä.jpg,real,s,m,g,train\n").encode("cp1252"), "no CSV table in UTF-8"),
        (HEADER.encode("utf-16"), "no CSV table in UTF-8"),
        ((HEADER + "a\0.jpg,real,s,m,g,train\n").encode(), r"line 2: 'a\\x00\.jpg' cannot be a file's name"),
        (b"file,label,source,method,group,split,x0\na.jpg,real,s,m,g,train,1\n", "line 2: a box is four numbers"),
        (b"file,label,source,method,group,split,x0,y0,x1,y1\na.jpg,real,s,m,g,train,1,1,,9\n", "a box is four numbers"),
        (b"file,label,source,method,group,split,x0,y0,x1,y1\na.jpg,real,s,m,g,train,1,1,nan,9\n", "a box is four"),
        (b"file,label,source,method,group,split,x0,y0,x1,y1\na.jpg,real,s,m,g,train,9,1,5,9\n", "with x0 < x1"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(tmp_path, text, message):
    (tmp_path / "labels.csv").write_bytes(text)
    with pytest.raises(UsageError, match=message):
        read_manifest(tmp_path)


def test_no_source_may_be_called_as_all_of_them_are(tmp_path):
    with pytest.raises(UsageError, match="has a source 'all', which is what all sources are called together; rename"):
        read_manifest(manifest(tmp_path, ["a.jpg,real,all,m,g1,test", "b.jpg,fake,s,m,g2,test"]))


def test_a_picture_that_is_gone_is_named(tmp_path):
    samples = read_manifest(manifest(tmp_path, ["a.jpg,real,s,m,g,train"]))
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(PictureError, match=r"a\.jpg: No such file"):
        load_pictures(samples, 8)


def test_hidden_files_of_plain_folders_are_no_pictures(tmp_path):
    for name in ("real/a.png", "real/._a.png", "fake/.trash/b.png", "fake/b.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [sample.path.name for sample in read_manifest(tmp_path)] == ["b.png", "a.png"]


def test_a_table_without_its_columns_is_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label\n")
    with pytest.raises(UsageError, match="lacks the columns group, method, source, split"):
        read_manifest(tmp_path)


def test_a_group_may_not_span_splits_across_manifests(tmp_path):
    one = manifest(tmp_path / "one", ["a.jpg,real,s,m,g,train"])
    two = manifest(tmp_path / "two", ["a.jpg,real,s,m,g,test"])
    with pytest.raises(UsageError, match="group 'g'"):
        read_manifests([one, two])


def test_a_picture_may_be_listed_once_only_whatever_way_leads_to_it(tmp_path):
    one = manifest(tmp_path / "one", ["a.jpg,real,s,m,g,train"])
    twice = manifest(tmp_path / "two", ["a.jpg,real,s,m,g,train", "./a.jpg,fake,s,m,g,train"])
    (tmp_path / "link").symlink_to(one)
    for roots in ([one, one], [one, tmp_path / "link"], [twice]):
        with pytest.raises(UsageError, match=r"a\.jpg is listed twice"):
            read_manifests(roots)


def test_folders_of_one_name_do_not_pass_for_one_source(tmp_path):
    for place in ("a", "b"):
        for label in ("real", "fake"):
            zoo.write({f"{place}.jpg": b"1"}, tmp_path / place / "faces" / label)
    with pytest.raises(UsageError, match="since both are called 'faces': rename one"):
        read_manifests([tmp_path / "a" / "faces", tmp_path / "b" / "faces"])


def test_plain_folders_are_split_so_that_a_subfolder_stays_together(tmp_path):
    for label in ("real", "fake"):
        for person in range(30):
            zoo.write({"1.jpg": b"1", "2.png": b"2", "notes.txt": b""}, tmp_path / label / f"person{person}")
    samples = read_manifest(tmp_path)
    assert len(samples) == 120
    assert {s.split for s in samples} == {"train", "val", "test"}
    by_group = {}
    for sample in samples:
        by_group.setdefault(sample.group, set()).add(sample.split)
    assert all(len(splits) == 1 for splits in by_group.values())


def test_names_that_are_not_utf8_and_a_folder_called_dot_make_no_trouble(tmp_path, monkeypatch):
    root = tmp_path / "faces\udcff"
    for label in ("real", "fake"):
        (root / label).mkdir(parents=True)
        (root / label / "\udcfe.jpg").write_bytes(b"")
    monkeypatch.chdir(root)
    samples = read_manifest(Path())
    assert {sample.source for sample in samples} == {"faces\\udcff"}
    assert len(data_hash(samples)) == 64


def test_folders_behind_links_are_read_and_a_cycle_of_them_once(tmp_path):
    zoo.write({"a.png": b"1", "b.png": b"2"}, tmp_path / "elsewhere")
    zoo.write({"c.png": b"3"}, tmp_path / "data/fake")
    (tmp_path / "data/real").mkdir()
    (tmp_path / "data/real/linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data/real/up").symlink_to(tmp_path / "data/real")
    samples = read_manifest(tmp_path / "data")
    assert [(sample.path.name, sample.group) for sample in samples] == [
        ("c.png", "data-c"),
        ("a.png", "data-linked"),
        ("b.png", "data-linked"),
    ]


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    for place in ("real", "real/locked", "fake"):
        zoo.write({"a.png": b""}, tmp_path / place)
    listed = os.listdir

    def listdir(folder):  # root may read any
        if str(folder).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return listed(folder)

    monkeypatch.setattr("os.listdir", listdir)
    with pytest.raises(UsageError, match="real/locked cannot be looked into: make its folder readable"):
        read_manifest(tmp_path)


def test_a_folder_that_is_neither_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"neither a labels\.csv nor"):
        read_manifest(tmp_path)


def test_the_data_hash_sees_bytes_labels_and_splits_but_not_the_place(tmp_path):
    rows = ["a.jpg,real,s,m,g,train", "b.jpg,fake,s,m,h,train"]
    one = read_manifest(manifest(tmp_path / "one", rows))
    two = read_manifest(manifest(tmp_path / "two", rows))
    assert data_hash(one) == data_hash(two)
    two[0].path.write_bytes(b"other")
    assert data_hash(one) != data_hash(two)


def test_the_samples_hash_sees_order_groups_and_boxes(tmp_path):
    rows = ["a.jpg,real,s,m,g,train", "b.jpg,fake,s,m,h,train"]
    one, other = read_manifest(manifest(tmp_path, rows))
    changed = dataclasses.replace(one, group="i"), dataclasses.replace(one, box=(1.0, 2.0, 3.0, 4.0))
    found = {samples_hash(samples) for samples in ([one, other], [other, one], *([each, other] for each in changed))}
    assert len(found) == 4
    assert samples_hash([one, other]) in found


def test_no_group_of_the_shared_data_crosses_splits(faces):
    samples = read_manifest(faces)
    assert {sample.split for sample in samples} == {"train", "val", "test", "unseen"}
    seen = {sample.source for sample in samples if sample.split != "unseen"}
    assert not seen & {sample.source for sample in samples if sample.split == "unseen"}
