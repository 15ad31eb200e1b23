import json
import re

import pytest
import tiny
from typer.testing import CliRunner

import edge_detect as package
from edge_detect.bench import inference
from edge_detect.card import unpack
from edge_detect.network import Network
from training.cli import app as training_app
from training.sources.cli import app as sources_app

LONG = "x" * 300
TYPES = re.compile(r"<\w[^>]*>|[{}]")
"""What Typer shows where a value has no name of its own."""


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize(
    "verb",
    [
        *([], ["scan"], ["watch"], ["cameras"], ["calibrate"], ["info"], ["bench"], ["evaluate"], ["evaluate-faces"]),
        *(["compare"], ["convert"], ["serve"], ["gradio"]),
    ],
)
def test_every_verb_has_help(edge_detect, verb, flag):
    run = edge_detect(*verb, flag)
    assert run.code == 0
    assert "Usage" in run.out
    assert not TYPES.search(run.out)


@pytest.mark.parametrize("app", [training_app, sources_app])
def test_training_names_values_as_the_verbs_do(app):
    for command in app.registered_commands:
        run = CliRunner().invoke(app, [command.name or command.callback.__name__, "--help"])
        assert run.exit_code == 0
        assert not TYPES.search(run.output)


def test_no_verb_shows_the_help(edge_detect):
    run = edge_detect()
    assert "Usage" in run.out + run.err


def test_version(edge_detect):
    assert edge_detect("--version").out == f"edge-detect {package.__version__}\n"


def test_info_for_people_and_for_programs(edge_detect, tiny_model):
    assert edge_detect("info", tiny_model).lines[0] == "tiny 1.0 (float32)"
    card = json.loads(edge_detect("info", "--json", tiny_model).out)
    assert (card["name"], card["input_side"]) == ("tiny", 16)


def test_info_of_something_else_says_what_to_do(edge_detect, tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(b"not a model")
    run = edge_detect("info", path)
    assert (run.code, run.out) == (2, "")
    assert "this is not a TFLite model; convert a Keras model into one" in run.err


def test_bench_names_each_model_and_its_ratio(edge_detect, tiny_model):
    run = edge_detect("bench", "--rounds", "3", tiny_model)
    assert run.code == 0
    assert run.lines[1].split()[2:] == ["1.00", str(tiny_model)]


def test_bench_prints_json_for_programs(edge_detect, tiny_model):
    (figures,) = json.loads(edge_detect("bench", "--rounds", "3", "--json", tiny_model).out)
    assert figures["name"] == str(tiny_model)
    assert 0 < figures["ms_p50"] <= figures["ms_p95"]


class Counted(Network):
    """A network that counts how often it ran."""

    runs = 0

    def run(self, pixels):
        self.runs += 1
        return super().run(pixels)


@pytest.mark.parametrize(
    ("model", "runs"), [(tiny.packed(), 1), (tiny.packed(mirrored=True), 2), (tiny.packed_finder(), 2)]
)
def test_bench_times_all_runs_that_an_answer_takes(model, runs):
    network = Counted(*unpack(model))
    inference(network)()
    assert network.runs == runs


def test_a_model_is_not_timed_against_itself(edge_detect, tiny_model):
    run = edge_detect("bench", tiny_model, tiny_model)
    assert (run.code, run.out) == (2, "")
    assert "a model is named twice" in run.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["watch", LONG],
        ["evaluate", "deepfake", LONG],
        ["evaluate-faces", LONG],
        ["compare", "deepfake", "deepfake", "--data", LONG],
        ["calibrate", "deepfake", "x", "--out", LONG],
        ["scan", "--files-from", LONG],
        ["serve", "--token-file", LONG],
    ],
)
def test_a_name_that_cannot_be_used_is_wrong_usage(edge_detect, arguments):
    run = edge_detect(*arguments)
    assert (run.code, run.out) == (2, "")
    assert "File name too long" in run.err


def test_a_full_disk_is_said_to_be_full(edge_detect, tiny_model, tmp_path):
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "-o", "/dev/full", tmp_path / "missing.png")
    assert run.code == 70
    assert "cannot be written: No space left on device" in run.err
