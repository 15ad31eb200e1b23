import pytest
import zoo

from edge_detect.errors import UsageError

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

from edge_detect.serve import load


def test_the_figures_go_between_the_markers_of_a_document(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "POSTS", 30)
    monkeypatch.setattr(load, "_TURNS", 1)
    picture, document = tmp_path / "picture.png", tmp_path / "serve.md"
    picture.write_bytes(zoo.good()["plain.png"])
    document.write_text("before\n<!-- load -->\nold\n<!-- /load -->\nafter\n")
    load.write_load(picture, document)
    before, *rows, after = document.read_text().splitlines()
    assert (before, after) == ("before", "after")
    assert sum(row.startswith("|") for row in rows) == 7
    assert "of 1 times 30 posts, 30 with 200 were answered" in rows[-2]
    assert "old" not in rows


def test_a_document_without_markers_is_refused_before_anything_is_measured(tmp_path):
    (tmp_path / "serve.md").write_text("nothing")
    with pytest.raises(UsageError, match="must hold the markers"):
        load.write_load(tmp_path / "missing.png", tmp_path / "serve.md")
