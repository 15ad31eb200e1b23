"""Documentation that cannot rot: verbs, options and codes in the README are those of the program."""

import re
import subprocess

import clips
import pytest
import zoo
from conftest import ROOT

from edge_detect.errors import ExitCode
from edge_detect.results import SCHEMA_VERSION

CARDS = [ROOT / "models" / name / "README.md" for name in ("deepfake", "deepfake-nano", "face")]
DATA, CONVERT, COMMANDS = (ROOT / "docs" / f"{name}.md" for name in ("data", "convert", "commands"))
PI, SERVE, WEB = (ROOT / "docs" / f"{name}.md" for name in ("raspberry-pi", "serve", "web"))
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("verb", "document", "heading"),
    [
        ("scan", README, "Scan pictures"),
        ("watch", README, "Watch a camera"),
        ("serve", README, "Serve a page and an API"),
        ("gradio", README, "Try models by hand"),
        ("evaluate", README, "Measure a model"),
        *(
            (verb, COMMANDS.read_text(), f"edge-detect {verb}")
            for verb in ("cameras", "calibrate", "info", "bench", "evaluate-faces", "compare")
        ),
    ],
    ids=lambda value: "" if "\n" in value else value,
)
def test_every_option_is_in_the_documents_and_no_other(verb, document, heading, edge_detect):
    shown = set(re.findall(r"--[a-z-]+", edge_detect(verb, "--help").out.split("\nOptions:\n")[1]))
    section = document.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"--[a-z-]+", rows)) == shown


@pytest.mark.parametrize(
    "verb",
    [
        *("scan", "watch", "cameras", "serve", "gradio", "calibrate", "info", "bench"),
        *("evaluate", "evaluate-faces", "compare", "convert"),
    ],
)
def test_every_verb_is_in_the_readme(verb, edge_detect):
    assert f"edge-detect {verb}" in README
    assert f"  {verb} " in edge_detect("--help").out


def test_exit_codes_in_the_readme_are_those_of_the_program():
    assert [int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)] == [
        code.value for code in ExitCode
    ]


def test_the_json_example_has_the_schema_of_the_program(edge_detect, tiny_model, tmp_path):
    import json

    example = json.loads(re.search(r"```json\n(.*?)```", README, re.DOTALL).group(1))
    record = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", tmp_path / "missing.png").records[0]
    assert example.keys() == record.keys()
    assert example["model"].keys() == record["model"].keys()
    assert example["model"]["thresholds"].keys() == record["model"]["thresholds"].keys()
    (tmp_path / "plain.png").write_bytes(zoo.good()["plain.png"])
    record = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", tmp_path / "plain.png").records[0]
    assert example["faces"][0].keys() == record["faces"][0].keys()
    assert example["schema_version"] == SCHEMA_VERSION


def test_the_event_in_the_readme_has_the_schema_of_the_program(edge_detect, tiny_model, tmp_path):
    import json

    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.RED)] * 9)
    records = edge_detect("watch", clip, "--jsonl", "--whole-image", "-m", tiny_model).records
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL)[1:3]]
    assert [example.keys() for example in examples] == [records[0].keys(), records[-1].keys()]
    assert examples[0]["faces"][0].keys() == records[0]["faces"][0].keys()
    assert examples[1]["deciding"][0].keys() == records[-1]["deciding"][0].keys()


@pytest.mark.parametrize(("path", "verb"), [(ROOT / "docs" / "edge-detect.service", "watch"), (SERVE, "serve")])
def test_a_service_runs_a_command_that_exists(edge_detect, path, verb):
    command = re.search(r"^ExecStart=(.*)$", path.read_text(), re.MULTILINE).group(1)
    shown = set(re.findall(r"--[a-z-]+", edge_detect(verb, "--help").out))
    assert f"edge-detect {verb}" in command
    assert set(re.findall(r"--[a-z-]+", command)) <= shown


def test_every_status_of_the_service_is_in_its_document():
    pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")
    from edge_detect.serve.api import STATUSES

    told = {int(status) for status in re.findall(r"^\| (\d{3}) \|", SERVE.read_text(), re.MULTILINE)}
    assert told == {*STATUSES, 200, 403}  # 403 is for every path, and stands in no operation


def test_every_make_verb_in_the_documents_exists():
    makefile = (ROOT / "Makefile").read_text()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", DATA, CONVERT, COMMANDS, PI, SERVE, WEB, *CARDS):
        for verb in re.findall(r"(?:`|\$ )make ([a-z-]+)", path.read_text()):
            assert re.search(rf"^{verb}:", makefile, re.MULTILINE), (path, verb)


def test_photos_are_taken_from_the_clones_that_make_data_left():
    command = ["make", "--dry-run", "photos", "SOURCES=built"]
    done = subprocess.run([*command, "CLONES="], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "--clones built/clones " in done.stdout
    done = subprocess.run([*command, "CLONES=mirror"], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "--clones mirror " in done.stdout


def test_every_link_to_a_file_leads_somewhere():
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", DATA, CONVERT, COMMANDS, PI, SERVE, WEB, *CARDS):
        for target in re.findall(r"\]\((?!http|#)([^)#]+)\)", path.read_text()):
            assert (path.parent / target).exists(), (path.name, target)


def test_every_recipe_and_option_of_convert_is_in_its_document(edge_detect):
    listed = [tuple(line.split(maxsplit=1)) for line in edge_detect("convert", "--list").lines]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", CONVERT.read_text(), re.MULTILINE)
    assert rows[: len(listed)] == listed
    for option in set(re.findall(r"--[a-z-]+", edge_detect("convert", "--help").out)) - {"--help"}:
        assert option in CONVERT.read_text(), option


def test_every_source_stands_in_the_documents_as_it_is_described():
    from training.sources.tables import described

    assert described() in (ROOT / "docs" / "data.md").read_text()
