"""`python -m training clips`: fakes against the originals they were made from."""

import clips
import pytest
from conftest import ROOT, SHARED, SHIPPED

from edge_detect import Detector
from edge_detect.errors import UsageError
from training.clips import Pair, compare, measure


@pytest.fixture
def folder(tmp_path):
    """One fake that is redder than its original, and one that is not."""
    for name, colour in (("a", clips.RED), ("b", clips.GREEN), ("o", clips.GREY)):
        clips.write(tmp_path / f"{name}.mkv", [clips.solid(colour)] * 3)
    rows = ["a.mkv,fake,swap,1", "b.mkv,fake,swap,1", "o.mkv,real,original,1"]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,method,target", *rows]) + "\n")
    return tmp_path


def test_each_fake_is_set_beside_its_original(folder, tiny_model):
    pairs = measure(Detector.load(tiny_model, whole_image=True), folder)
    assert [(pair.fake, pair.above) for pair in pairs] == [("a.mkv", True), ("b.mkv", False)]


def test_nothing_is_above_an_original_that_was_never_judged():
    assert not Pair("a.mkv", "swap", 0.9, None).above
    assert Pair("a.mkv", "swap", 0.9, 0.8).above


def test_a_clip_without_a_face_is_not_above_anything(folder):
    assert "0 of 2 fake clips" in compare(SHIPPED, folder)


def test_a_folder_without_labels_or_pairs_is_an_error(tmp_path):
    with pytest.raises(UsageError, match=r"no labels\.csv"):
        compare(SHIPPED, tmp_path)
    (tmp_path / "labels.csv").write_text("file,label\nx,fake\n")
    with pytest.raises(UsageError, match="needs the columns"):
        compare(SHIPPED, tmp_path)


def test_the_figure_in_the_model_card_is_of_the_shared_clips():
    if not (SHARED / "clips").is_dir():
        pytest.skip("the shared clips are not on this machine")
    section = (ROOT / "models" / "deepfake" / "README.md").read_text().split("<!-- clips -->")[1].split("<!--")[0]
    assert "of 7 fake clips score above their original" in section
    fakes = {path.name for path in (SHARED / "clips").glob("*.mp4") if "original" not in path.name}
    assert {line.split(" | ")[0].strip("| ") for line in section.splitlines() if ".mp4" in line} == fakes
