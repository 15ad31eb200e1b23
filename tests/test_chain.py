"""From a trained model to a verdict: convert, calibrate, evaluate, scan."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from checks import python

pytest.importorskip("tensorflow")

from convert.gate import Limits
from convert.pipeline import GateError, Plan, convert_model
from edge_detect import Detector
from edge_detect.card import read_packed
from edge_detect.errors import ExitCode, UsageError
from edge_detect.manifest import REAL, read_manifest
from edge_detect.network import Network
from training.calibrate import platt_and_thresholds
from training.classifier_figures import SECTIONS, USUAL

LOOSE = Limits(drop=0.5, mean_error=0.5, max_error=1, flips=1)
LOOSELY = ("--max-drop", 0.2, "--max-mean-error", 0.5, "--max-error", 1, "--max-flips", 1)
"""A network that has hardly begun to learn loses more than one that may ship."""


@pytest.fixture(scope="module")
def released(run, data, tmp_path_factory) -> Path:
    """The converted, calibrated and evaluated model's folder."""
    folder = tmp_path_factory.mktemp("models") / "checks"
    folder.mkdir()
    (folder / "README.md").write_text("".join(f"<!-- {name} --><!-- /{name} -->\n" for name in SECTIONS))
    (folder / "MORE.md").write_text("<!-- overview --><!-- /overview -->\n")
    models = (folder / "checks-int8.tflite", folder / "checks-float32.tflite")
    for module, *arguments in (
        ("convert", run / "best.keras", "--data", data, "--out", folder, "--calibrate", 40, *LOOSELY),
        ("training", "calibrate", *models, "--data", data),
        ("training", "evaluate", *models, "--data", data, "--out", folder, "--readme", folder / "MORE.md"),
    ):
        done = python(module, *arguments)
        assert done.returncode == 0, done.stderr
    return folder


def test_both_precisions_are_released_with_a_full_card(released, data):
    for precision in ("int8", "float32"):
        flatbuffer, card = read_packed(released / f"checks-{precision}.tflite")
        assert card.precision == precision
        assert card.outputs.keys() == {"logit", "patches"}
        assert card.calibration.scale > 0
        assert 0 < card.thresholds.real <= card.thresholds.fake < 1
        assert list(card.thresholds.false_alarms) == ["0.05", "0.01", "0.001"]
        assert card.thresholds.at(0.01) == card.thresholds
        assert card.thresholds.reals == sum(s.split == "val" and s.label == REAL for s in read_manifest(data))
        assert card.conversion["gate"]["pictures"] == sum(s.split == "val" for s in read_manifest(data))
        assert card.metrics["test"]["auc"] > 0.9
    assert len(flatbuffer) > 3.5 * len(read_packed(released / "checks-int8.tflite")[0])
    assert read_packed(released / "checks-int8.tflite")[1].conversion["representative"]["pictures"] == 40


def test_the_int8_model_takes_pixels_as_they_are(released):
    from ai_edge_litert.interpreter import Interpreter

    flatbuffer, _ = read_packed(released / "checks-int8.tflite")
    (given,) = Interpreter(model_content=flatbuffer).get_input_details()
    assert (given["dtype"], given["quantization"], given["shape"].tolist()) == (np.uint8, (1.0, 0), [1, 96, 96, 3])


def test_int8_and_float32_agree(released, data):
    from edge_detect import Detector
    from edge_detect.network import Network
    from training.calibrate import raw_logits

    samples = [sample for sample in read_manifest(data) if sample.split != "train"]
    networks = (Network.load(released / f"checks-{precision}.tflite") for precision in ("int8", "float32"))
    one, two = (raw_logits(Detector(network), samples) for network in networks)
    assert np.corrcoef(one, two)[0, 1] > 0.99


def test_the_figures_are_written_where_people_read_them(released):
    path = released / "metrics.json"
    entry = json.loads(path.read_text(), parse_constant=pytest.fail)["checks-int8"]
    found = entry["splits"]["test"]
    card, more = (released / "README.md").read_text(), (released / "MORE.md").read_text()
    assert f"| **all** | {found['all']['real']} | {found['all']['fake']} | {found['all']['auc']:.3f} |" in card
    assert f"| test: all | {found['all']['auc']:.3f} |" in card
    assert f"| JPEG 70 | {found['robustness']['JPEG 70']['auc']:.3f} |" in card
    assert f"| test | {found['calibration']['ece']:.3f} |" in card
    assert f" {found['all']['auc']:.3f} |" in more
    assert "bins" not in found["calibration"]
    assert "intervals" not in read_packed(released / "checks-int8.tflite")[1].metrics["test"]


def test_what_quantization_cost_is_written_of_the_int8_file_alone(released):
    metrics = json.loads((released / "metrics.json").read_text())
    assert metrics["checks-int8"]["against_float32"]["float32"] == "checks-float32"
    assert metrics["checks-float32"]["against_float32"] is None
    damaged = {name: set(entry["splits"]["test"]["robustness"]) for name, entry in metrics.items()}
    assert damaged["checks-float32"] == {"undamaged", USUAL} < damaged["checks-int8"]


def test_a_release_in_float16_is_its_float32_model(run, data, tmp_path):
    done = python("training", "release", run, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    plan = Plan(("float32", "float16"), (data,), count=20, limits=LOOSE)
    one, two = (Network.load(path) for path in convert_model(tmp_path / "checks.keras", plan, tmp_path))
    for seed in range(20):
        pixels = np.random.default_rng(seed).integers(0, 256, (96, 96, 3), np.uint8)
        for first, second in zip(one.run(pixels).values(), two.run(pixels).values(), strict=True):
            np.testing.assert_array_equal(first, second)


def test_fakes_that_score_below_reals_are_not_calibrated(released, data):
    """A falling curve could be written into a card, and the card never be read again."""
    detector = Detector.load(released / "checks-float32.tflite", whole_image=True)
    swapped = [dataclasses.replace(sample, label=1 - sample.label) for sample in read_manifest(data)]
    with pytest.raises(UsageError, match="swapped"):
        platt_and_thresholds(detector, swapped)


def test_conversion_is_deterministic(run, data, tmp_path):
    plan = Plan(("int8",), (data,), count=20, limits=LOOSE)
    one, two = (convert_model(run / "best.keras", plan, tmp_path / name)[0] for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_model_that_loses_too_much_is_not_written(run, data, tmp_path):
    plan = Plan(("float32", "int8"), (data,), count=20, limits=Limits(drop=-1.0))
    with pytest.raises(GateError, match="nothing was written"):
        convert_model(run / "best.keras", plan, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_representative_dataset_is_balanced_and_seeded(data):
    from convert.representative import choose

    samples = read_manifest(data)
    doubled = samples + [
        dataclasses.replace(s, source="second") for s in samples if s.label == REAL and s.path.stem < "010"
    ]
    one, two, other = (choose(doubled, 30, 32, seed) for seed in (1, 1, 2))
    assert one.sha256 == two.sha256 != other.sha256
    assert one.pixels.shape == (30, 32, 32, 3)
    assert one.counts == {"real": 15, "fake": 15}
    assert choose(samples, 30, 32, 1).complaints() == []
    assert one.complaints() == ["1 of 30 pictures are repeated"]  # the second source has the first one's


def test_an_unknown_recipe_ends_with_2(run, data, tmp_path):
    done = python("convert", run / "best.keras", "--data", data, "--out", tmp_path, "--to", "int4")
    assert done.returncode == ExitCode.USAGE
    assert "there are float32, float16, dynamic, int8" in done.stderr
    assert list(tmp_path.iterdir()) == []
