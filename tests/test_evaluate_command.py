"""`edge-detect evaluate`, as a stranger runs it, on tiny pictures: the redder, the faker."""

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import tiny
import zoo
from conftest import interruptible

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

ODD = "<b>&\"odd' $x_1$"
"""A source's name that a page must not take for markup."""


def write(root, rows, split="test"):
    """A manifest of pictures: (label, source, red)."""
    rng = np.random.default_rng(5)
    root.mkdir()
    with (root / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("file", "label", "source", "method", "group", "split"))
        for number, (label, source, red) in enumerate(rows):
            pixels = rng.integers(60, 120, (24, 24, 3), np.uint8)
            pixels[..., 0] = np.clip(red + rng.integers(-20, 20, (24, 24)), 0, 255)
            (root / f"{number}.png").write_bytes(zoo.encode(pixels, "PNG"))
            table.writerow((f"{number}.png", label, source, f"{source}'s", f"g{number // 2}", split))
    return root


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    rng = np.random.default_rng(6)
    described = [
        (label, source, int(rng.normal(mean, 25)))
        for label, source, mean, count in (
            ("real", "camera", 85, 14),
            ("fake", "camera", 105, 10),
            ("real", "phone", 95, 12),
            ("fake", ODD, 125, 12),
        )
        for _ in range(count)
    ]
    return write(tmp_path_factory.mktemp("data") / "faces", described)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    (folder / "tiny-float32.tflite").write_bytes(tiny.packed())
    (folder / "tiny-int8.tflite").write_bytes(tiny.packed("uint8", precision="int8"))
    return folder / "tiny-int8.tflite", folder / "tiny-float32.tflite"


@pytest.fixture(scope="module")
def evaluated(edge_detect, data, models, tmp_path_factory):
    """What it prints as JSON, and its report."""
    report = tmp_path_factory.mktemp("out") / "report.html"
    options = ("--with", models[1], "--together", f"camera+{ODD}", "--json", "--report", report)
    run = edge_detect("evaluate", models[0], data, *options)
    assert run.code == 0, run.err
    return json.loads(run.out), report.read_text()


class Page(HTMLParser):
    """What a page is made of: tags with their attributes, and its words."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.open = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words += data


def test_the_scores_are_those_of_scan(edge_detect, data, models, evaluated):
    """The figures come from the public interface in this process; scan is what users see."""
    with (data / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = "\n".join(str(data / row["file"]) for row in rows).encode()
    records = edge_detect("scan", "--whole-image", "--jsonl", "-m", models[0], "--files-from", "-", stdin=names).records
    from edge_detect.evaluation.evaluate import evaluate
    from edge_detect.manifest import read_manifest

    samples = read_manifest(data)
    scored = evaluate([models[0]], samples, damages=()).scored["test"]["tiny-int8"]
    by_path = {record["path"]: record for record in records}
    told = [by_path[str(sample.path)] for sample in samples]
    np.testing.assert_allclose(scored.scores[0], [record["score"] for record in told], atol=1e-6)
    np.testing.assert_array_equal(scored.flagged[0], [record["verdict"] == "fake" for record in told])
    reals = [record["verdict"] != "fake" for record, sample in zip(told, samples, strict=True) if sample.label == 0]
    measured = evaluated[0]["splits"]["test"]["models"]["tiny-int8"]["all"]
    assert measured["real_accuracy"] == pytest.approx(np.mean(reals), abs=1e-4)


def test_a_model_may_be_damaged_in_fewer_ways_and_then_as_beside_the_others(data, models):
    from edge_detect.evaluation.damage import DAMAGES
    from edge_detect.evaluation.evaluate import evaluate
    from edge_detect.manifest import read_manifest

    int8, float32 = models[:2]
    chosen = tuple(damage for damage in DAMAGES if damage.name in ("JPEG 70", "JPEG 30", "noise 10"))
    usual = tuple(damage for damage in chosen if damage.name == "JPEG 70")
    samples = read_manifest(data)
    fully = evaluate([int8, float32], samples, damages=chosen).scored["test"]
    fewer = evaluate([float32, int8], samples, damages=chosen, fewer={float32: usual})
    figures = fewer.figures["splits"]["test"]["models"]
    assert list(figures["tiny-int8"]["robustness"]) == ["undamaged", "JPEG 70", "JPEG 30", "noise 10"]
    assert list(figures["tiny-float32"]["robustness"]) == ["undamaged", "JPEG 70"]
    found = fewer.scored["test"]
    np.testing.assert_array_equal(found["tiny-int8"].scores, fully["tiny-int8"].scores)
    np.testing.assert_array_equal(found["tiny-float32"].scores, fully["tiny-float32"].scores[:2])


def test_the_figures_have_stable_keys(evaluated):
    figures = evaluated[0]
    assert list(figures) == ["schema_version", "intervals", "models", "splits", "int8_against_float32"]
    split = figures["splits"]["test"]
    assert list(split) == ["real", "fake", "groups", "sources", "file_floors", "models"]
    assert (split["real"], split["fake"]) == (26, 22)
    found = split["models"]["tiny-int8"]
    assert set(found) == {
        *("all", "sources", "methods", "together", "sizes", "calibration", "risk_coverage", "robustness"),
        *("cross_source", "real_against_real", "verdicts", "operating_points"),
    }
    assert found["all"]["intervals"].keys() == {
        *("auc", "ap", "eer", "real_accuracy", "fake_accuracy", "balanced_accuracy"),  # too few reals for others
    }
    low, high = found["all"]["intervals"]["auc"]
    assert low < found["all"]["auc"] < high
    assert found["sources"]["phone"]["fake"] == 0
    assert "auc" not in found["sources"]["phone"]
    assert found["together"].keys() == {f"camera+{ODD}"}
    sizes = found["sizes"].values()
    assert (sum(size["real"] for size in sizes), sum(size["fake"] for size in sizes)) == (26, 22)
    assert len(found["robustness"]) == 24


def test_models_cost_what_they_cost(evaluated):
    model = evaluated[0]["models"]["tiny-float32"]
    assert model["multiply_adds"] == 3
    assert model["ms_p50"] >= 0
    assert model["pictures_per_second"] > 0


def test_int8_is_set_against_float32_of_the_same_name(evaluated):
    compared = evaluated[0]["int8_against_float32"]["tiny-int8"]
    assert compared["float32"] == "tiny-float32"
    rows = compared["splits"]["test"]
    assert {"all", "camera", ODD} < rows.keys()
    assert "phone" not in rows
    assert rows["all"] == {"auc": 0, "interval": None}  # these two have the same weights


def test_the_table_for_people_is_aligned_and_whole(edge_detect, data, models):
    out = edge_detect("evaluate", models[0], data, "--no-robustness").out
    assert "== test, tiny-int8 ==" in out
    assert "nan" not in out
    row = next(line for line in out.splitlines() if line.startswith("all "))
    assert re.search(r"26 +22 +0\.\d{3} \(0\.\d+–[01]\.\d+\)", row)


def test_the_report_loads_nothing_and_runs_nothing(evaluated):
    page = Page(evaluated[1])
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.tags}
    assert not re.search(r"https?:|//|@import", re.sub(r"<style>.*?</style>", "", evaluated[1], flags=re.DOTALL))
    for _, attributes in page.tags:
        for name in ("href", "src", "xlink:href"):
            assert attributes.get(name, "#").startswith("#")
        assert not re.search(r"url\((?!#)", " ".join(filter(None, attributes.values())))


def test_every_id_of_the_report_is_there_once_and_every_reference_leads_to_one(evaluated):
    page = Page(evaluated[1])
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', evaluated[1])
    assert set(used) <= set(ids)


def test_the_report_escapes_names_and_shows_no_nan(evaluated):
    page = Page(evaluated[1])
    assert "b" not in {tag for tag, _ in page.tags}
    assert ODD in page.words
    assert "nan" not in re.findall(r"\w+", page.words.lower())
    assert "None" not in page.words


def test_tables_have_captions_and_headers_and_drawings_have_words(evaluated):
    page = Page(evaluated[1])
    tags = [tag for tag, _ in page.tags]
    assert tags.count("caption") == tags.count("table") > 3
    drawings = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert len(drawings) == tags.count("figure") == 7
    assert all(drawing["role"] == "img" and len(drawing["aria-label"]) > 10 for drawing in drawings)
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in page.tags if tag == "th")


def test_without_robustness_nothing_is_said_of_it(edge_detect, data, models):
    run = edge_detect("evaluate", models[0], data, "--no-robustness", "--json")
    assert json.loads(run.out)["splits"]["test"]["models"]["tiny-int8"]["robustness"] is None


def test_without_fakes_what_needs_them_is_blank(edge_detect, models, tmp_path):
    data = write(tmp_path / "data", [("real", "camera", 90 + number) for number in range(12)], split="val")
    report = tmp_path / "report.html"
    run = edge_detect("evaluate", models[0], data, "--split", "val", "--json", "--report", report)
    assert run.code == 0, run.err
    assert "NaN" not in run.out
    found = json.loads(run.out)["splits"]["val"]["models"]["tiny-int8"]
    assert "auc" not in found["all"]
    assert found["calibration"] is found["risk_coverage"] is None
    assert found["robustness"]["JPEG 70"]["auc"] is None
    assert "without fake pictures, that is all there is" in report.read_text()
    assert "nan" not in Page(report.read_text()).words.lower()
    assert edge_detect("evaluate", models[0], data, "--split", "val", "--no-robustness").code == 0


def test_a_finder_is_not_measured_here(edge_detect, data, tiny_finder):
    run = edge_detect("evaluate", tiny_finder, data)
    assert run.code == 2
    assert "the model 'spots' is a finder, and a classifier is needed here" in run.err


def test_what_is_not_in_the_data_is_named(edge_detect, data, models, tmp_path):
    training = write(tmp_path / "training", [("real", "camera", 90), ("fake", "camera", 120)], split="train")
    (tmp_path / "empty").mkdir()
    for arguments, message in (
        ((data, "--split", "val"), "no picture is in the split 'val'; there are pictures in test"),
        ((training,), "no picture is in test or unseen; --split takes train here"),
        ((tmp_path / "empty",), "neither a labels.csv nor the folders real/ and fake/"),
        ((data, "--together", "camera+nowhere"), "there is no source 'nowhere' to take together"),
        ((data, "--with", models[0]), "a model is named twice"),
        ((data, "--report", tmp_path / "no" / "report.html"), "name a file in a folder that is there"),
        ((data, "--report", data / "0.png"), "is a picture"),
        ((data, "--report", data / "labels.csv"), "is among the files to read"),
    ):
        run = edge_detect("evaluate", models[0], *arguments)
        assert (run.code, run.out) == (2, ""), arguments
        assert message in run.err
        assert len(run.err.splitlines()) == 1


def test_what_standard_output_goes_to_is_no_place_for_a_report(models, data, tmp_path):
    command = [sys.executable, "-m", "edge_detect", "evaluate", models[0], data, "--report", "/dev/stdout"]
    with (tmp_path / "log").open("w") as log:
        run = subprocess.run(command, stdout=log, stderr=subprocess.PIPE, text=True, check=False)
    assert (run.returncode, Path("/dev/stdout").is_symlink()) == (2, True)
    assert "/dev/stdout is what standard output goes to; name another file" in run.stderr


def test_a_picture_that_cannot_be_read_is_named(edge_detect, models, tmp_path):
    data = write(tmp_path / "data", [("real", "camera", 90), ("fake", "camera", 120)])
    for spoil, message in (
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "truncated"),
        (lambda path: path.unlink(), "No such file"),
    ):
        spoil(data / "1.png")
        for option in ("--robustness", "--no-robustness"):
            run = edge_detect("evaluate", models[0], data, option)
            assert run.code == 2
            assert f"{data / '1.png'}: " in run.err
            assert message in run.err


def test_pictures_that_are_missing_are_named_before_any_is_scored(edge_detect, models, tmp_path, monkeypatch):
    monkeypatch.setattr("edge_detect.evaluation.evaluate.score", None)  # which would be an internal error
    data = write(tmp_path / "data", [("real", "camera", 90), ("fake", "camera", 120)] * 3)
    for number in range(1, 6):
        (data / f"{number}.png").unlink()
    (data / "5.png").mkdir()
    run = edge_detect("evaluate", models[0], data)
    assert (run.code, run.out) == (2, "")
    assert all(f"{data / f'{number}.png'}: No such file or directory" in run.err for number in range(1, 4))
    assert "; and 2 more" in run.err


def test_without_the_extra_it_is_said_how_to_get_it(data, models):
    code = "import sys; sys.modules['sklearn'] = None; from edge_detect.cli import main; main()"
    command = [sys.executable, "-c", code, "evaluate", str(models[0]), str(data)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "pip install 'edge-detect[evaluate]'" in run.stderr


def test_ctrl_c_ends_with_130(models, tmp_path):
    few = write(tmp_path / "few", [("real", "camera", 100), ("fake", "camera", 100)])
    (few / "0.png").unlink()
    os.mkfifo(few / "0.png")
    process = interruptible([sys.executable, "-m", "edge_detect", "evaluate", models[0], few], stderr=subprocess.PIPE)
    while process.poll() is None:
        with contextlib.suppress(OSError):  # nobody reads there yet
            pipe = os.open(few / "0.png", os.O_WRONLY | os.O_NONBLOCK)
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    os.close(pipe)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors.decode()
    assert b"Traceback" not in errors
