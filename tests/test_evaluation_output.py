"""Where reports are written to."""

import errno
from pathlib import Path

import pytest

from edge_detect.errors import UsageError
from edge_detect.evaluation.output import check_report, write


def test_a_report_is_refused_where_its_folder_cannot_be_written(tmp_path, monkeypatch):
    locked = tmp_path / "locked" / "report.html"
    locked.parent.mkdir()
    locked.touch()
    monkeypatch.setattr("os.access", lambda path, _: Path(path) != locked.parent)  # root may write anywhere
    with pytest.raises(UsageError, match="you may not write there"):
        check_report(locked, [], [])


def test_a_link_or_a_device_is_written_to_and_not_replaced(tmp_path):
    target, link = tmp_path / "reports" / "report.html", tmp_path / "report.html"
    target.parent.mkdir()
    link.symlink_to(target)
    for output in (link, Path("/dev/null")):
        check_report(output, [], [])
        write(output, "text")
    assert link.is_symlink()
    assert target.read_text() == "text\n"
    assert Path("/dev/null").is_char_device()


def test_names_that_are_no_utf8_are_written_all_the_same(tmp_path):
    write(tmp_path / "report.html", "r\udcff.jpg")
    assert (tmp_path / "report.html").read_text() == "r\\udcff.jpg\n"


def test_standard_output_is_no_file_for_a_report():
    with pytest.raises(UsageError, match="a report is a file, and not standard output"):
        check_report(Path("-"), [], [])


def test_a_file_that_cannot_be_completed_leaves_nothing_behind(tmp_path, monkeypatch):
    def replace(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(UsageError, match="No space left"):
        write(tmp_path / "report.html", "text")
    assert list(tmp_path.iterdir()) == []
