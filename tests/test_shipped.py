"""The released classifiers: their files, their figures, and what they do on real pictures where they are at hand."""

import json

import numpy as np
import pytest
from conftest import ROOT, SHIPPED

from edge_detect import Detector, image
from edge_detect.card import read_packed
from edge_detect.document import byline
from edge_detect.errors import ModelError
from edge_detect.manifest import read_manifest
from edge_detect.models import FINDER, find_model
from training import classifier_figures

CLASSIFIERS = ("deepfake", "deepfake-nano")


def file(name: str, precision: str = "int8"):
    return ROOT / "models" / name / f"{name}-{precision}.tflite"


def figures(name: str):
    return json.loads((ROOT / "models" / name / "metrics.json").read_text())


def test_the_default_model_is_the_shipped_one():
    assert Detector.load(whole_image=True).model.sha256 == read_packed(SHIPPED)[1].sha256


def test_files_of_the_working_directory_do_not_pass_for_shipped_models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("deepfake", "face", "mine"):
        (tmp_path / name).touch()
    assert find_model().samefile(SHIPPED)
    assert find_model(FINDER).samefile(ROOT / "models" / "face" / "face-int8.tflite")
    assert find_model("./face").samefile(tmp_path / "face")
    assert find_model("mine").samefile(tmp_path / "mine")
    (tmp_path / "deepfake").unlink()
    for elsewhere in ("./deepfake", SHIPPED.parent / "deepfake"):
        with pytest.raises(ModelError, match="there is no model"):
            find_model(elsewhere)


@pytest.mark.parametrize("precision", ["int8", "float16"])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_figures_are_those_of_the_files_beside_them(name, precision):
    _, card = read_packed(file(name, precision))
    entry = figures(name)[f"{name}-{precision}"]
    assert entry["sha256"] == card.sha256
    measured = entry["splits"]["test"]["all"]
    assert {key: value for key, value in measured.items() if key != "intervals"} == card.metrics["test"]


@pytest.mark.parametrize(("name", "limit"), [("deepfake", 1_000_000), ("deepfake-nano", 400_000)])
def test_the_int8_file_is_small_and_lost_little(name, limit):
    assert file(name).stat().st_size < limit
    one, two = (figures(name)[f"{name}-{kind}"]["splits"]["test"]["all"]["auc"] for kind in ("int8", "float16"))
    assert one >= two - 0.01


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_every_table_of_the_model_card_is_what_the_metrics_say(name):
    text = (ROOT / "models" / name / "README.md").read_text()
    written = classifier_figures.sections(figures(name), f"{name}-int8")
    for section, table in written.items():
        assert f"<!-- {section} -->\n{table}\n<!-- /{section} -->" in text, section


def test_the_table_of_the_readme_is_what_the_metrics_say():
    table = classifier_figures.sections(figures("deepfake"), "deepfake-int8")["overview"]
    assert f"<!-- overview -->\n{table}\n<!-- /overview -->" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(("card", "section"), [("deepfake", "clips"), ("deepfake", "judged"), ("face", "photos")])
def test_figures_of_a_command_of_their_own_are_of_the_shipped_model_too(card, section):
    text = (ROOT / "models" / card / "README.md").read_text()
    assert f"<!-- {section} -->\n{byline(file('deepfake'))}" in text


def test_the_readme_sets_the_smaller_one_beside_the_larger_as_it_is_now():
    entry = figures("deepfake")["deepfake-nano-int8"]
    assert entry["sha256"] == read_packed(file("deepfake-nano"))[1].sha256
    assert f"| deepfake-nano-int8 | {entry['bytes'] / 1000:.0f} |" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_card_carries_its_provenance(name):
    _, card = read_packed(file(name))
    for part in card.training.get("mean_of", [card.training]):
        if set(part) == {"sha256"}:  # it weighs double, and was told before
            continue
        assert {"recipe", "data_sha256", "sources", "pictures"} <= set(part)
    assert card.conversion["representative"]["sha256"]
    assert "research" in card.licence


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_same_pixels_give_the_same_score_in_both_precisions_to_a_few_percent(name):
    picture = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    one, two = (
        Detector.load(file(name, precision), whole_image=True).detect(picture).score
        for precision in ("int8", "float16")
    )
    assert one == pytest.approx(two, abs=0.1)


@pytest.mark.parametrize("side", [1, 2, 64, 224, 225, 1000])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_any_size_gives_a_finite_score(name, side):
    score = Detector.load(name, whole_image=True).detect(np.full((side, side, 3), 128, np.uint8)).score
    assert 0 <= score <= 1


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_recorded_auc_is_measured_again_on_real_faces(name, faces):
    from edge_detect.evaluation.metrics import auc

    samples = [s for s in read_manifest(faces) if s.split == "test" and s.source == "k140"]
    detector = Detector.load(name, whole_image=True)
    scores = [detector.detect(sample.path).score for sample in samples]
    recorded = figures(name)[f"{name}-int8"]["splits"]["test"]["sources"]["k140"]["auc"]
    assert auc([sample.label for sample in samples], scores) == pytest.approx(recorded, abs=1e-3)


def test_the_training_crops_follow_the_crop_rule(faces):
    """Where the manifest tells the box and the crop was not shifted, the side is the margin times the longer side."""
    import csv

    with (faces / "labels.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["source"] == "k140"][:200]
    ratios = [
        int(row["side"]) / max(float(row["x1"]) - float(row["x0"]), float(row["y1"]) - float(row["y0"])) for row in rows
    ]
    assert np.median(ratios) == pytest.approx(image.CROP_MARGIN, abs=0.03)


def test_the_readme_shows_no_path_of_a_machine():
    assert "/home/" not in (ROOT / "README.md").read_text()
