import os

import pytest

from edge_detect.errors import UsageError
from edge_detect.sources.files import expand, read_list


@pytest.fixture
def tree(tmp_path):
    for name in ("b/2.jpg", "b/1.jpg", "a.png", "c/deep/er/x.bmp", ".hidden/no.jpg", "b/.no.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def names(paths, root):
    return [os.path.relpath(path, root) for path in paths]


def test_a_folder_is_walked_sorted_and_without_hidden_entries(tree):
    assert names(expand([str(tree)]), tree) == ["a.png", "b/1.jpg", "b/2.jpg", "c/deep/er/x.bmp"]


def test_a_cycle_of_links_is_walked_once(tree):
    (tree / "c/deep/up").symlink_to(tree)
    (tree / "again").symlink_to(tree / "b")
    found = names(expand([str(tree)]), tree)
    assert found == ["a.png", "again/1.jpg", "again/2.jpg", "c/deep/er/x.bmp"]


def test_a_pattern_is_expanded_also_across_folders(tree):
    assert names(expand([f"{tree}/**/*.jpg"]), tree) == ["b/1.jpg", "b/2.jpg"]


def test_a_file_whose_name_looks_like_a_pattern_is_taken_as_it_is(tree):
    odd = tree / "odd[1].jpg"
    odd.touch()
    assert list(expand([str(odd)])) == [str(odd)]


def test_arguments_keep_their_order_and_stdin_is_passed_on(tree):
    assert list(expand(["-", "missing.jpg"])) == ["-", "missing.jpg"]


def test_an_address_is_no_pattern():
    assert list(expand(["https://example.org/a.jpg?size=1"])) == ["https://example.org/a.jpg?size=1"]


def test_an_empty_folder_and_an_empty_pattern_are_said_to_be_so(tmp_path):
    with pytest.raises(UsageError, match="holds no files"):
        list(expand([str(tmp_path)]))
    with pytest.raises(UsageError, match="matches no files"):
        list(expand([f"{tmp_path}/*.jpg"]))


@pytest.mark.parametrize("text", ["a b.jpg\nc.jpg\n", "a b.jpg\r\n\r\nc.jpg", "a b.jpg\0c.jpg\0"])
def test_a_list_may_be_lines_or_nul_separated(tmp_path, text):
    (tmp_path / "list").write_bytes(text.encode())
    assert read_list(str(tmp_path / "list")) == ["a b.jpg", "c.jpg"]


def test_a_list_may_begin_as_windows_writes_it(tmp_path):
    (tmp_path / "list").write_bytes("a.jpg\n".encode("utf-8-sig"))
    assert read_list(str(tmp_path / "list")) == ["a.jpg"]


def test_a_missing_list_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="files-from"):
        read_list(str(tmp_path / "none"))
