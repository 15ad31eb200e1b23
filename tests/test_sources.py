"""Sources of training pictures: their descriptions, and what their repositories are taken to hold."""

import dataclasses
import json
import shutil
import subprocess
import sys

import pytest
import quarry

from edge_detect.errors import UsageError
from training.sources.plan import group_name, plan
from training.sources.repository import Repository, RepositoryError, at_hand, clone
from training.sources.source import names, read_source


@pytest.fixture
def described(tmp_path):
    """Make a repository of these files and describe it; returns the source."""

    def make(files, more="", pictures="", name="discs"):
        home = tmp_path / "owner" / name
        commit = quarry.repository(home, files)
        return read_source(quarry.source(tmp_path / f"{name}.toml", home.as_uri(), commit, more, pictures))

    return make


def planned(source, tmp_path, **options):
    return plan(source, at_hand(source, tmp_path / "owner"), **options)


@pytest.mark.parametrize("name", names())
def test_every_source_is_described_in_full(name):
    source = read_source(name)
    assert source.name == name
    assert source.home.startswith("https://")
    assert len(source.commit) == 40
    assert all((source.about, source.licence, source.use, source.traps))


def test_the_sources_of_the_project_are_listed_for_programs():
    command = [sys.executable, "-m", "training.sources", "list", "--json"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [entry["name"] for entry in listed] == names()
    assert {"allagefaces", "ciplab", "dfdc", "genphotos", "omi", "pollinations", "scut", "sdfd"} <= set(names())
    assert all(entry["pictures"] and entry["commit"] for entry in listed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('name = "two words"', "lower-case"),
        ('commit = "main"', "full hash"),
        ("trim_bottom = 1.5", "share of the height"),
        ('colour = "red"', "colour"),
        ('[[pictures]]\npaths = "*"\nlabel = "maybe"\nmethod = "m"', "neither 'real' nor 'fake'"),
        ('[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\ngroup_by = "mood"', "group_by 'mood'"),
        ('[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\ngroup_by = "pattern"\npattern = "a"', "bracket"),
        ('[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\ngroup_by = "pattern"\npattern = "[("', "no regular"),
        ('[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\ngroup_by = "column"', r"need a \[table\]"),
        ('[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\nframes = -1', "how many pictures"),
        (
            '[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\npart = [0.5, 0, 0.5, 1]',
            "left, top, right and bottom",
        ),
        ('[[pictures]]\npaths = "*"\nlabel = "real"\nmethod = "m"\npart = [0, 1]', "left, top, right"),
    ],
)
def test_a_wrong_description_is_refused(tmp_path, change, message):
    path = quarry.source(tmp_path / "x.toml", "https://example.org/o/n", "0" * 40)
    lines = [line for line in path.read_text().splitlines() if line.split(" = ")[0] != change.split(" = ")[0]]
    path.write_text("\n".join([*lines, change] if change.startswith("[[") else [change, *lines]))
    with pytest.raises(UsageError, match=message):
        read_source(path)


def test_an_unknown_source_is_refused_with_a_list_of_those_that_exist():
    with pytest.raises(UsageError, match=r"no source nothing.*dfdc"):
        read_source("nothing")


def test_a_group_is_named_as_in_the_shared_data(faces):
    table = (faces / "labels.csv").read_text()
    assert f",{group_name('sdfd', 'anB-107,3.jpg')}," in table or f",{group_name('sdfd', 'anB-128,12.jpg')}," in table


def test_files_are_planned_by_pattern_in_an_order_that_does_not_follow_their_names(described, tmp_path):
    source = described({f"real/{i:02}.jpg": b"r" for i in range(30)} | {"fake/a.jpg": b"f", "notes.txt": b""})
    items = planned(source, tmp_path)
    assert [item.path for item in items] != sorted(item.path for item in items)
    assert sorted(item.label for item in items) == ["fake"] + ["real"] * 30
    assert planned(source, tmp_path, limit=5) == items[:5]


def test_rows_of_a_table_say_what_is_fake_what_belongs_together_and_what_is_too_small(described, tmp_path):
    table = b"video,width,label,original\na.mp4,200,REAL,\nb.mp4,200,FAKE,a.mp4\nc.mp4,50,FAKE,a.mp4\nd.mp4,200,REAL,\n"
    source = described(
        {f"faces/{name}.jpg": b"" for name in "abcd"} | {"table.csv": table},
        'finder = false\n[table]\nfile = "table.csv"\nkey = "video"\nleast = { width = 100 }\n',
        '[[pictures]]\npaths = "faces/*"\nwhere = { label = "REAL" }\nlabel = "real"\nmethod = "v"\ngroup_by = "stem"\n'
        '[[pictures]]\npaths = "faces/*"\nwhere = { label = "FAKE" }\nlabel = "fake"\nmethod = "s"\n'
        'group_by = "column"\ncolumn = "original"\n',
    )
    items = {item.path: item for item in planned(source, tmp_path)}
    assert {path[6]: item.label for path, item in items.items()} == {"a": "real", "b": "fake", "c": "fake", "d": "real"}
    assert len({items[f"faces/{name}.jpg"].group for name in "abc"}) == 1
    assert items["faces/d.jpg"].group == group_name("discs", "d")
    assert [path for path, item in items.items() if item.refusal == "too small"] == ["faces/c.jpg"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (b"file,width,original\nb,9,c\n", r"no row, or no 'original' in it, for x/a\.jpg"),
        (b"file,width,original\na,9\n", r"no row, or no 'original' in it, for x/a\.jpg"),
        (b"file,width,original\na,wide,c\n", "'wide' in the column 'width' is no number"),
    ],
)
def test_a_table_that_lacks_what_is_asked_of_it_is_refused(described, tmp_path, table, message):
    more = '[table]\nfile = "table.csv"\nkey = "file"\nleast = { width = 5 }\n'
    entry = '[[pictures]]\npaths = "x/*"\nlabel = "fake"\nmethod = "m"\ngroup_by = "column"\ncolumn = "original"\n'
    source = described({"x/a.jpg": b"", "table.csv": table}, more, entry)
    with pytest.raises(UsageError, match=message):
        planned(source, tmp_path)


@pytest.mark.parametrize(
    ("group_by", "together"),
    [('"folder"', [{"1_a", "1_b"}, {"2_a"}]), ("\"pattern\"\npattern = '_(.)'", [{"1_a", "2_a"}, {"1_b"}])],
)
def test_pictures_group_by_folder_or_by_a_part_of_their_name(described, tmp_path, group_by, together):
    source = described(
        {"x/1/1_a.jpg": b"", "x/1/1_b.jpg": b"", "x/2/2_a.jpg": b""},
        pictures=f'[[pictures]]\npaths = "x/*.jpg"\nlabel = "real"\nmethod = "m"\ngroup_by = {group_by}\n',
    )
    groups: dict[str, set] = {}
    for item in planned(source, tmp_path):
        groups.setdefault(item.group, set()).add(item.path[4:-4])
    assert sorted(groups.values(), key=sorted) == sorted(together, key=sorted)


def test_files_of_one_entry_may_be_of_one_origin(described, tmp_path):
    entry = '[[pictures]]\npaths = "x/*"\nlabel = "real"\nmethod = "m"\ngroup_by = "entry"\nonly = {}\n'
    pictures = entry.format('["a", "b"]') + entry.format('["c"]')
    source = described({"x/a.jpg": b"", "x/b.jpg": b"", "x/c.jpg": b""}, pictures=pictures)
    groups = {item.path[2]: item.group for item in planned(source, tmp_path)}
    assert groups["a"] == groups["b"] != groups["c"]


def test_of_many_files_only_those_that_are_named_are_planned(described, tmp_path):
    entry = '[[pictures]]\npaths = "x/*"\nlabel = "fake"\nmethod = "m"\nonly = {}\n'
    files = {"x/1.jpg": b"", "x/2.png": b"", "x/11.jpg": b""}
    source = described(files, pictures=entry.format('["1", "2"]'))
    assert sorted(item.path for item in planned(source, tmp_path)) == ["x/1.jpg", "x/2.png"]
    source = described(files, pictures=entry.format('["1", "3"]'), name="more")
    with pytest.raises(UsageError, match=r"no file that matches 'x/\*' is named '3'"):
        planned(source, tmp_path)


def test_files_of_one_name_are_told_apart_by_their_folders(described, tmp_path):
    entry = '[[pictures]]\npaths = "*.jpg"\nlabel = "fake"\nmethod = "m"\nonly = ["1/out", "x/2/out"]\n'
    files = {"x/1/out.jpg": b"", "y/1/out.jpg": b"", "x/2/out.jpg": b"", "y/2/out.jpg": b"", "x/11/out.jpg": b""}
    found = sorted(item.path for item in planned(described(files, pictures=entry), tmp_path))
    assert found == ["x/1/out.jpg", "x/2/out.jpg", "y/1/out.jpg"]


def test_a_pattern_that_matches_nothing_is_refused(described, tmp_path):
    source = described({"real/a.jpg": b""})
    with pytest.raises(UsageError, match=r"no file of .* matches 'fake"):
        planned(source, tmp_path)


@pytest.mark.parametrize("place", ["owner+discs/repo", "owner+discs", "discs.git", "drawn.git"])
def test_clones_are_found_bare_in_the_usual_places(described, tmp_path, place):
    source = described({"real/a.jpg": b"picture", "fake/b.jpg": b"other"})
    source = dataclasses.replace(source, name="drawn")  # as `build` calls its clones
    bare = tmp_path / "mirror" / place
    quarry.git(tmp_path, "clone", "--quiet", "--bare", source.home, str(bare))
    repository = at_hand(source, tmp_path / "mirror")
    with repository.reader() as reader:
        assert reader.read(repository.files()["real/a.jpg"]) == b"picture"
        assert reader.read("0" * 40) is None


def test_a_missing_clone_or_commit_is_reported_with_what_to_type(described, tmp_path):
    source = described({"real/a.jpg": b"", "fake/b.jpg": b""})
    with pytest.raises(RepositoryError, match="git clone --bare"):
        at_hand(source, tmp_path / "nowhere")
    with pytest.raises(RepositoryError, match="lacks the commit"):
        Repository(tmp_path / "owner" / "discs", "1" * 40)


def test_a_git_that_has_ended_is_reported_each_time_it_is_asked(described, tmp_path):
    source = described({"real/a.jpg": b""})
    repository = at_hand(source, tmp_path / "owner")
    shutil.rmtree(repository.folder)
    with repository.reader() as reader:
        for _ in range(2):
            with pytest.raises(RepositoryError, match="git ended while reading"):
                reader.read("0" * 40)


def test_a_clone_takes_one_commit_and_only_the_pictures_that_are_asked_for(described, tmp_path):
    files = {f"real/{i}.jpg": f"picture {i}".encode() for i in range(4)} | {"fake/b.jpg": b"f", "large.bin": b"x" * 9}
    source = described(files)
    repository = clone(source, tmp_path / "clone.git")
    wanted = {blob for path, blob in repository.files().items() if path.startswith("real/")}
    assert wanted <= repository.absent()
    assert sum(repository.fetch(wanted)) == 4
    assert repository.absent() == {repository.files()["fake/b.jpg"], repository.files()["large.bin"]}
    assert list(repository.fetch(wanted)) == []
    assert quarry.git(repository.folder, "rev-list", "--count", source.commit).strip() == "1"
    assert clone(source, tmp_path / "clone.git").files() == repository.files()
