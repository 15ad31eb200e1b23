"""`edge-detect scan` as a process: what it prints, where, and how it ends."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import clips
import numpy as np
import pytest
import tiny
import zoo
from conftest import interruptible


@pytest.fixture(scope="module")
def menagerie(tmp_path_factory):
    """Every supported kind, and a dozen broken files."""
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
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", menagerie)
    assert run.code == 2
    assert [Path(record["path"]).name for record in run.records] == sorted(path.name for path in menagerie.iterdir())
    unreadable = {Path(r["path"]).name for r in run.records if r["verdict"] == "unreadable"}
    assert unreadable == set(zoo.broken())
    assert all(record["error"] for record in run.records if record["verdict"] == "unreadable")
    assert run.err == ""


def test_exit_codes(edge_detect, tiny_model, red, green):
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, green).code == 0
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, green, red).code == 1
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, green, red, "--exit-zero").code == 0
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, red, "missing.jpg").code == 2
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, "missing.jpg", "--exit-zero").code == 2


def test_text_has_one_line_per_picture(edge_detect, tiny_model, red, green):
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, red, green, "missing.jpg")
    assert run.lines[0] == f"fake       1.000  {red}"
    assert run.lines[1] == f"real       0.006  {green}"
    assert run.lines[2].startswith("unreadable   –    missing.jpg: the file cannot be read")


@pytest.mark.parametrize("address", ["https://example.org/friend.jpg", "http://example.org/a.jpg?size=1"])
def test_an_address_is_said_not_to_be_fetched_and_the_scan_goes_on(edge_detect, tiny_model, green, address):
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, address, green)
    assert run.code == 2
    assert run.lines[0].startswith(f"unreadable   –    {address}: nothing is fetched from the web: download it first")
    assert run.lines[1] == f"real       0.006  {green}"


def test_a_name_with_a_line_break_stays_on_its_line(edge_detect, tiny_model, tmp_path):
    (tmp_path / "two\nlines.png").write_bytes(solid((0, 255, 0)))
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, tmp_path)
    assert len(run.lines) == 1
    assert r"two\nlines.png" in run.out


def test_a_name_that_is_no_utf8_is_scored_in_every_format(edge_detect, tiny_model, tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    odd.write_bytes(solid((0, 255, 0)))
    for flag in ([], ["--json"], ["--jsonl"], ["--csv"]):
        run = edge_detect("scan", "--whole-image", "-m", tiny_model, *flag, tmp_path)
        assert (run.code, run.err) == (0, "")


def test_json_csv_and_jsonl_tell_the_same(edge_detect, tiny_model, menagerie):
    as_json = json.loads(edge_detect("scan", "--whole-image", "-m", tiny_model, "--json", menagerie).out)
    as_jsonl = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", menagerie).records
    as_csv = list(
        csv.DictReader(io.StringIO(edge_detect("scan", "--whole-image", "-m", tiny_model, "--csv", menagerie).out))
    )
    assert as_json == as_jsonl
    assert [(row["path"], row["verdict"], row["error"]) for row in as_csv] == [
        (record["path"], record["verdict"], record["error"] or "") for record in as_json
    ]
    assert [row["score"] for row in as_csv] == ["" if r["score"] is None else str(r["score"]) for r in as_json]


def test_order_and_scores_do_not_depend_on_the_number_of_workers(edge_detect, tiny_model, menagerie):
    runs = [
        edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", "--workers", n, menagerie).out
        for n in (1, 2, 7)
    ]
    assert len(set(runs)) == 1


def test_a_picture_on_stdin(edge_detect, tiny_model):
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", "-", stdin=solid((255, 0, 0)))
    assert (run.code, run.records[0]["path"], run.records[0]["verdict"]) == (1, "-", "fake")
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, "-", stdin=b"").code == 2


def test_a_list_on_stdin(edge_detect, tiny_model, red, green):
    run = edge_detect(
        "scan", "--whole-image", "-m", tiny_model, "--jsonl", "--files-from", "-", stdin=f"{green}\n{red}\n".encode()
    )
    assert [record["verdict"] for record in run.records] == ["real", "fake"]


def test_output_goes_to_a_file(edge_detect, tiny_model, red, tmp_path):
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--csv", "-o", tmp_path / "out.csv", red)
    assert run.out == ""
    assert (tmp_path / "out.csv").read_text().count("\n") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to scan"),
        (["--json", "--csv", "x.png"], "exclude each other"),
        (["--files-from", "-", "-"], "one picture (-) or one list"),
        (["-m", "no-such-model", "x.png"], "no model 'no-such-model'"),
        (["--no-such-option"], "No such option"),
        ([""], "is empty: give it a value, or leave it out"),
        (["x.png", "--save-crops", ""], "the argument after --save-crops is empty"),
        (["x.png", "--save-crops="], "the argument after --save-crops= is empty"),
        (["-o", "/no/such/folder/out", "x.png"], "cannot be written"),
    ],
)
def test_wrong_usage_ends_with_2_a_message_and_a_clean_stdout(edge_detect, arguments, message, tiny_model):
    if "-m" not in arguments:
        arguments = ["--whole-image", "-m", str(tiny_model), *arguments]
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
    options = ["--whole-image", "-m", str(tiny_model), "--json", "--files-from", str(tmp_path / "list")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    process = interruptible([sys.executable, "-m", "edge_detect", "scan", *options], **pipes)
    start = b""
    while start.count(b"\n") < 5:
        more = process.stdout.read(2000)
        assert more, process.stderr.read()
        start += more
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert 1 < len(json.loads(start + out)) < 200_000


def test_a_reader_that_leaves_early_is_no_error(tiny_model, menagerie, tmp_path):
    (tmp_path / "list").write_text("\n".join([str(menagerie / "plain.png")] * 3000))
    scan = f"{sys.executable} -m edge_detect scan --whole-image --exit-zero -m {tiny_model} --jsonl"
    command = f"{scan} --files-from {tmp_path}/list | head -n 1; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert run.stdout.count("\n") == 2
    assert run.stdout.endswith("\n0\n")
    assert run.stderr == ""


def test_results_never_overwrite_a_picture(edge_detect, tiny_model, red, green):
    before = red.read_bytes()
    assert "would overwrite it" in edge_detect("scan", "--whole-image", "-m", tiny_model, "-o", red, green).err
    assert red.read_bytes() == before


def test_results_never_overwrite_what_is_read(edge_detect, tiny_model, red, tmp_path):
    model, names, clip = (tmp_path / name for name in ("mine.tflite", "names.txt", "clip.mkv"))
    model.write_bytes(tiny_model.read_bytes())
    names.write_text(f"{red}\n")
    clips.write(clip, [clips.solid(clips.RED)] * 3)
    for out, message in ((model, "is a model"), (names, "is among the files to read"), (clip, "is a video")):
        before = out.read_bytes()
        run = edge_detect("scan", "--whole-image", "-m", model, "--files-from", names, "-o", out)
        assert (run.code, run.out) == (2, "")
        assert message in run.err
        assert out.read_bytes() == before


def test_results_do_not_land_among_the_scanned_files(edge_detect, tiny_model, red, tmp_path):
    out = red.parent / "results.csv"
    assert edge_detect("scan", "--whole-image", "-m", tiny_model, "--csv", "-o", out, red.parent).code == 1
    assert (
        "among the files to read"
        in edge_detect("scan", "--whole-image", "-m", tiny_model, "--csv", "-o", out, red.parent).err
    )


def test_whole_image_is_passed_on(edge_detect, tiny_model, red):
    record = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", red).records[0]
    assert record["faces"][0]["box"] == [0, 0, 32, 32]


def test_an_empty_list_is_not_a_clean_bill(edge_detect, tiny_model):
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--files-from", "-", stdin=b"")
    assert run.code == 2
    assert "names no pictures" in run.err


def test_lines_of_a_list_are_taken_as_they_are(edge_detect, tiny_model, red):
    run = edge_detect(
        "scan",
        "--whole-image",
        "-m",
        tiny_model,
        "--jsonl",
        "--files-from",
        "-",
        stdin=f"{red}\ngone[1].png\n-\n".encode(),
    )
    assert [record["path"] for record in run.records] == [str(red), "gone[1].png", "./-"]
    assert [record["verdict"] for record in run.records] == ["fake", "unreadable", "unreadable"]


def test_odd_entries_of_a_folder_are_lines_and_do_not_block(edge_detect, tiny_model, tmp_path):
    os.mkfifo(tmp_path / "a-pipe")
    (tmp_path / "b-loop").symlink_to("b-loop")
    (tmp_path / "c.png").write_bytes(solid((0, 255, 0)))
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", tmp_path)
    assert [record["verdict"] for record in run.records] == ["unreadable", "unreadable", "real"]
    assert "not a regular file" in run.records[0]["error"]


def test_a_deep_tree_is_walked(edge_detect, tiny_model, tmp_path):
    folder = tmp_path
    for _ in range(150):
        folder = folder / "d"
    folder.mkdir(parents=True)
    (folder / "x.png").write_bytes(solid((0, 255, 0)))
    assert len(edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", tmp_path).records) == 1


def test_a_large_file_that_is_no_picture_is_not_read(edge_detect, tiny_model, tmp_path):
    with (tmp_path / "film.mp4").open("wb") as file:
        file.write(b"\0\0\0\x20ftypisom")
        file.truncate(20_000_000_000)  # sparse: it takes no room
    run = edge_detect("scan", "--whole-image", "-m", tiny_model, "--jsonl", tmp_path)
    assert "this is a video" in run.records[0]["error"]


def test_closed_streams_are_no_bug_of_ours(tiny_model, red):
    command = f"{sys.executable} -m edge_detect scan --whole-image -m {tiny_model} {red} >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 1
    command = f"{sys.executable} -m edge_detect scan --whole-image -m {tiny_model} - <&-"
    assert subprocess.run(["bash", "-c", command], check=False, capture_output=True).returncode == 2


def test_output_that_is_no_utf8_still_gets_every_line(tiny_model, menagerie):
    command = [sys.executable, "-m", "edge_detect", "scan", "--whole-image", "-m", str(tiny_model), str(menagerie)]
    run = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    assert (run.returncode, run.stdout.count(b"\n")) == (2, len(zoo.good()) + len(zoo.broken()))


def on_a_terminal(command: str) -> str:
    """What a terminal shows of a shell command, escape sequences removed."""
    run = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, check=False)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", run.stdout.decode())


@pytest.mark.skipif(shutil.which("script") is None, reason="the program `script` is not installed")
def test_the_progress_bar_shows_on_a_terminal_and_never_in_the_results(tiny_model, menagerie, tmp_path):
    scan = f"{sys.executable} -m edge_detect scan --whole-image -m {tiny_model} {menagerie}"
    total = len(zoo.good()) + len(zoo.broken())
    shown = on_a_terminal(f"{scan} --jsonl > {tmp_path}/out")
    assert f"{total}/{total}" in shown
    assert len([json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]) == total
    lines = on_a_terminal(scan).replace("\r", "\n").splitlines()
    assert sum(line.startswith(("real", "fake", "uncertain", "unreadable")) for line in lines) == total
