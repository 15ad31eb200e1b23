"""`edge-detect scan` as a process: what it prints, where, and how it ends."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
import zoo


@pytest.fixture(scope="module")
def menagerie(tmp_path_factory):
    """Every supported kind, and ten broken files."""
    return zoo.write({**zoo.good(), **zoo.broken()}, tmp_path_factory.mktemp("menagerie"))


def solid(colour) -> bytes:
    return zoo.encode(np.full((32, 32, 3), colour, np.uint8), "PNG")


@pytest.fixture
def red(tmp_path):
    path = tmp_path / "red.png"
    path.write_bytes(solid((255, 0, 0)))
    return path


@pytest.fixture
def green(tmp_path):
    path = tmp_path / "green.png"
    path.write_bytes(solid((0, 255, 0)))
    return path


def test_every_file_of_a_mixed_folder_gets_one_line_and_the_exit_code_says_unreadable(
    edge_detect, tiny_model, menagerie
):
    run = edge_detect("scan", "--jsonl", "-m", tiny_model, menagerie)
    assert run.code == 2
    assert [Path(record["path"]).name for record in run.records] == sorted(path.name for path in menagerie.iterdir())
    unreadable = {Path(r["path"]).name for r in run.records if r["verdict"] == "unreadable"}
    assert unreadable == set(zoo.broken())
    assert all(record["error"] for record in run.records if record["verdict"] == "unreadable")
    assert run.err == ""


def test_exit_codes(edge_detect, tiny_model, red, green):
    assert edge_detect("scan", "-m", tiny_model, green).code == 0
    assert edge_detect("scan", "-m", tiny_model, green, red).code == 1
    assert edge_detect("scan", "-m", tiny_model, green, red, "--exit-zero").code == 0
    assert edge_detect("scan", "-m", tiny_model, red, "missing.jpg").code == 2
    assert edge_detect("scan", "-m", tiny_model, "missing.jpg", "--exit-zero").code == 2


def test_text_has_one_line_per_picture(edge_detect, tiny_model, red, green):
    run = edge_detect("scan", "-m", tiny_model, red, green, "missing.jpg")
    assert run.lines[0] == f"fake       1.000  {red}"
    assert run.lines[1] == f"real       0.006  {green}"
    assert run.lines[2].startswith("unreadable   –    missing.jpg: the file cannot be read")


def test_a_name_with_a_line_break_stays_on_its_line(edge_detect, tiny_model, tmp_path):
    (tmp_path / "two\nlines.png").write_bytes(solid((0, 255, 0)))
    run = edge_detect("scan", "-m", tiny_model, tmp_path)
    assert len(run.lines) == 1
    assert r"two\nlines.png" in run.out


def test_a_name_that_is_no_utf8_is_scored_in_every_format(edge_detect, tiny_model, tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    odd.write_bytes(solid((0, 255, 0)))
    for flag in ([], ["--json"], ["--jsonl"], ["--csv"]):
        run = edge_detect("scan", "-m", tiny_model, *flag, tmp_path)
        assert (run.code, run.err) == (0, "")


def test_json_csv_and_jsonl_tell_the_same(edge_detect, tiny_model, menagerie):
    as_json = json.loads(edge_detect("scan", "-m", tiny_model, "--json", menagerie).out)
    as_jsonl = edge_detect("scan", "-m", tiny_model, "--jsonl", menagerie).records
    as_csv = list(csv.DictReader(io.StringIO(edge_detect("scan", "-m", tiny_model, "--csv", menagerie).out)))
    assert as_json == as_jsonl
    assert [(row["path"], row["verdict"], row["error"]) for row in as_csv] == [
        (record["path"], record["verdict"], record["error"] or "") for record in as_json
    ]
    assert [row["score"] for row in as_csv] == ["" if r["score"] is None else str(r["score"]) for r in as_json]


def test_order_and_scores_do_not_depend_on_the_number_of_workers(edge_detect, tiny_model, menagerie):
    runs = [edge_detect("scan", "-m", tiny_model, "--jsonl", "--workers", n, menagerie).out for n in (1, 2, 7)]
    assert len(set(runs)) == 1


def test_a_picture_on_stdin(edge_detect, tiny_model):
    run = edge_detect("scan", "-m", tiny_model, "--jsonl", "-", stdin=solid((255, 0, 0)))
    assert (run.code, run.records[0]["path"], run.records[0]["verdict"]) == (1, "-", "fake")
    assert edge_detect("scan", "-m", tiny_model, "-", stdin=b"").code == 2


def test_a_list_on_stdin(edge_detect, tiny_model, red, green):
    run = edge_detect("scan", "-m", tiny_model, "--jsonl", "--files-from", "-", stdin=f"{green}\n{red}\n".encode())
    assert [record["verdict"] for record in run.records] == ["real", "fake"]


def test_output_goes_to_a_file(edge_detect, tiny_model, red, tmp_path):
    run = edge_detect("scan", "-m", tiny_model, "--csv", "-o", tmp_path / "out.csv", red)
    assert run.out == ""
    assert (tmp_path / "out.csv").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to scan"),
        (["--json", "--csv", "x.png"], "exclude each other"),
        (["--files-from", "-", "-"], "not both"),
        (["-m", "no-such-model", "x.png"], "no model 'no-such-model'"),
        (["--no-such-option"], "No such option"),
        (["-o", "/no/such/folder/out", "x.png"], "cannot be written"),
    ],
)
def test_wrong_usage_ends_with_2_a_message_and_a_clean_stdout(edge_detect, arguments, message, tiny_model):
    if "-m" not in arguments:
        arguments = ["-m", str(tiny_model), *arguments]
    run = edge_detect("scan", *arguments)
    assert (run.code, run.out) == (2, "")
    assert message in run.err


def test_a_model_without_a_card_is_refused_with_a_sentence(edge_detect, tmp_path, red):
    bare = tmp_path / "bare.tflite"
    bare.write_bytes(tiny.flatbuffer())
    run = edge_detect("scan", "-m", bare, red)
    assert (run.code, run.out) == (2, "")
    assert "carries no card" in run.err


def test_ctrl_c_ends_with_130_and_leaves_whole_lines(tiny_model, tmp_path, menagerie):
    names = "\n".join([str(menagerie / "plain.png")] * 200_000)
    (tmp_path / "list").write_text(names)
    command = [sys.executable, "-m", "edge_detect", "scan", "-m", str(tiny_model), "--json", "--files-from"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    process = subprocess.Popen([*command, str(tmp_path / "list")], **pipes)
    start = b""
    while start.count(b"\n") < 5:
        start += process.stdout.read(2000)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert 1 < len(json.loads(start + out)) < 200_000


def test_a_reader_that_leaves_early_is_no_error(tiny_model, menagerie):
    command = f"{sys.executable} -m edge_detect scan -m {tiny_model} --jsonl {menagerie} | head -n 1"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert run.stdout.count("\n") == 1
    assert "Traceback" not in run.stderr
