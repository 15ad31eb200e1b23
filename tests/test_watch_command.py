"""`edge-detect watch` and `cameras` as processes: what they print, and how they end."""

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import clips
import numpy as np
import pytest
import zoo
from conftest import interruptible

PATIENCE = 60


@pytest.fixture
def clip(tmp_path):
    return clips.write(tmp_path / "clip.mkv", [clips.solid(clips.RED)] * 20)


def test_jsonl_ends_with_one_summary_and_the_exit_code_says_fake(edge_detect, tiny_model, clip):
    run = edge_detect("watch", clip, "--jsonl", "--whole-image", "-m", tiny_model)
    assert (run.code, run.err) == (1, "")
    assert [record["event"] for record in run.records] == ["state", "state", "summary"]
    summary = run.records[-1]
    assert (summary["verdict"], summary["frames"], summary["dropped"]) == ("fake", 20, 0)
    assert summary["score"] > 0.9
    assert len(summary["deciding"]) == 5
    assert edge_detect("watch", clip, "--whole-image", "-m", tiny_model, "--exit-zero").code == 0


def test_a_clip_that_was_fake_for_a_while_is_flagged_whatever_its_mean_says(edge_detect, tiny_model, tmp_path):
    frames = [clips.solid(clips.RED)] * 12 + [clips.solid(clips.GREEN)] * 60
    clip = clips.write(tmp_path / "clip.mkv", frames)
    run = edge_detect("watch", clip, "--jsonl", "--whole-image", "-m", tiny_model)
    summary = run.records[-1]
    assert (run.code, summary["verdict"], summary["flagged"]) == (1, "real", True)


def test_every_frame_is_a_line_where_it_is_asked_for(edge_detect, tiny_model, clip, tmp_path):
    arguments = ("watch", clip, "--jsonl", "--whole-image", "-m", tiny_model, "--every-frame")
    run = edge_detect(*arguments, "--save-events", tmp_path / "events")
    assert [record["frame"] for record in run.records[:-1]] == list(range(20))
    assert len(list((tmp_path / "events").glob("*.json"))) == 2  # changes of state only
    assert run.records[-1]["ways_out"] == {"save-events": {"delivered": 3, "failed": 0, "dropped": 0}}


def test_people_get_a_line_per_change_and_a_verdict(edge_detect, tiny_model, clip):
    run = edge_detect("watch", clip, "--whole-image", "-m", tiny_model)
    assert [line.split()[1] for line in run.lines[:2]] == ["uncertain", "fake"]
    assert run.lines[2].startswith(f"{clip}: fake 1.000; 20 scored")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.mp4"], "there is no source 'nowhere.mp4'"),
        (["CLIP", "--policy", "oldest"], "there is no policy 'oldest': it is newest or every"),
        (["CLIP", "--webhook-secret", "x"], "of no use without --webhook"),
        (["CLIP", "--mqtt-ca", "x"], "of no use without --mqtt"),
        (["CLIP", "--mqtt", "mqtt://me:pw@host"], "EDGE_DETECT_MQTT_PASSWORD"),
        (["CLIP", "--exec", "nothing-of-that-name"], "no such program"),
        (["CLIP", "--small-faces"], "--whole-image finds no faces"),
        (["CLIP", "--display"], "--preview 8080"),
        (["CLIP", "--trigger", "0"], "trigger"),
        (["CLIP", "--window", "99999999999999999999"], "window"),
        (["CLIP", "--keep", "5"], "of no use without --save-events"),
        (["CLIP", "--mqtt", "mqtt://host/caf%C3%A9"], "the name 'café' cannot be part of a topic"),
        (["FOLDER", "--policy", "newest"], "of a folder every picture is scored"),
        (["FOLDER", "--every-frame"], "each picture of a folder stands for itself"),
        (["FOLDER", "--save-events", "FOLDER/events"], "its pictures would be watched, too"),
        (["MODEL"], "is no video"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_ends_with_2_a_message_and_a_clean_stdout(
    edge_detect, arguments, message, tiny_model, clip, monkeypatch
):
    for screen in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(screen, raising=False)
    places = {"CLIP": clip, "MODEL": tiny_model, "FOLDER": clip.parent, "FOLDER/events": clip.parent / "events"}
    named = [places.get(argument, argument) for argument in arguments]
    run = edge_detect("watch", *named, "--whole-image", "-m", tiny_model)
    assert (run.code, run.out) == (2, "")
    assert message in run.err


def test_a_picture_has_the_score_that_scan_gives_it(edge_detect, tiny_model, tmp_path):
    pixels = np.full((48, 96, 3), clips.GREEN, np.uint8)
    pixels[:, :32] = clips.RED
    picture = tmp_path / "turned.jpg"
    picture.write_bytes(zoo.encode(pixels, "JPEG", exif=zoo.orientation(6)))
    options = ("--whole-image", "-m", tiny_model, "--jsonl", picture)
    watched, scanned = (edge_detect(verb, *options).records[-1] for verb in ("watch", "scan"))
    assert (watched["score"], watched["verdict"]) == (pytest.approx(scanned["score"]), scanned["verdict"])


def started(*arguments, **options):
    """The command, running; its first line has been read."""
    command = [sys.executable, "-m", "edge_detect", "watch", *map(str, arguments)]
    return interruptible(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_the_frame_delivers_and_prints_the_summary(tiny_model, tmp_path, number):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 2000, fps=5)
    arguments = (clip, "--policy", "newest", "--whole-image", "-m", tiny_model, "--jsonl")
    process = started(*arguments, "--save-events", tmp_path / "events")
    first = json.loads(process.stdout.readline())
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    summary = json.loads(out.splitlines()[-1])
    assert (first["event"], summary["event"], err) == ("state", "summary", "")
    assert 0 < summary["frames"] < 2000
    assert summary["ways_out"]["save-events"]["delivered"] == 2
    assert process.returncode == 130


def test_a_second_signal_of_either_kind_ends_at_once(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 2000)
    arguments = (clip, "--every-frame", "--whole-image", "-m", tiny_model)
    process = started(*arguments, "--exec", "sleep 30", "--jsonl")
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == -signal.SIGTERM


def test_a_reader_that_reads_no_more_does_not_keep_a_stopped_watch_of_a_recording(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 4000)
    process = started(clip, "--every-frame", "--whole-image", "-m", tiny_model, "--jsonl")
    process.stdout.readline()
    time.sleep(3)  # the pipe is full, and so is the queue
    process.terminate()
    process.wait(PATIENCE)
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == 70  # lines are lost


def test_the_web_server_may_come_from_the_environment(tiny_model, clip):
    environment = {**os.environ, "EDGE_DETECT_WEBHOOK": "ftp://key@host"}
    process = started(clip, "--whole-image", "-m", tiny_model, env=environment)
    _, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "--webhook: the URL begins with" in err) == (2, True)


def test_a_camera_that_was_never_there_ends_in_good_order(tiny_model):
    process = started("98", "--whole-image", "-m", tiny_model, "--jsonl")
    first = json.loads(process.stdout.readline())
    process.terminate()
    out, _ = process.communicate(timeout=PATIENCE)
    assert (first["state"], process.returncode) == ("source_lost", 0)
    assert json.loads(out)["losses"] == 1


def test_a_reader_that_has_seen_enough_ends_the_watch(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 5000, fps=100)
    arguments = (clip, "--policy", "newest", "--whole-image", "-m", tiny_model, "--jsonl", "--every-frame")
    process = started(*arguments)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(PATIENCE) == 0  # nobody interrupted it
    assert process.stderr.read() == ""
    process.stderr.close()


def test_the_service_manager_hears_that_the_watch_is_ready_and_that_it_ends(tiny_model, clip, tmp_path):
    import socket

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE)
        environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        process = started(clip, "--whole-image", "-m", tiny_model, env=environment)
        heard = [manager.recv(100) for _ in range(2)]
        process.communicate(timeout=PATIENCE)
    assert heard == [b"READY=1", b"STOPPING=1"]


def test_the_source_may_come_from_the_environment_where_its_password_is_not_seen(tiny_model, clip):
    environment = {**os.environ, "EDGE_DETECT_SOURCE": str(clip)}
    process = started("--whole-image", "-m", tiny_model, env=environment)
    out, _ = process.communicate(timeout=PATIENCE)
    assert out.splitlines()[2].startswith(f"{clip}: fake")


def test_a_terminal_sees_counts_on_a_line_that_changes_and_results_stay_clean(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 20, fps=20)
    terminal, other_end = pty.openpty()
    arguments = (clip, "--policy", "newest", "--whole-image", "-m", tiny_model, "--jsonl")
    command = [sys.executable, "-m", "edge_detect", "watch", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "120"}
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=other_end, env=environment, check=False)
    shown = os.read(terminal, 100_000).decode()
    os.close(terminal)
    os.close(other_end)
    assert [json.loads(line)["event"] for line in run.stdout.splitlines()] == ["state", "summary"]
    assert "scored" in shown


def test_an_unreadable_picture_of_a_sequence_is_said_for_people_too(edge_detect, tiny_model, tmp_path):
    (tmp_path / "1.png").write_bytes(b"not a picture")
    arguments = ("watch", tmp_path / "%d.png", "--every-frame", "--whole-image", "-m", tiny_model)
    run = edge_detect(*arguments)
    assert run.lines[0].split()[1] == "unreadable"
    assert run.lines[1].startswith(f"{tmp_path / '%d.png'}: unreadable; 1 scored, 1 unreadable")
    assert run.code == 2
    (tmp_path / "2.png").write_bytes(zoo.encode(clips.solid(clips.GREEN), "PNG"))
    run = edge_detect(*arguments)
    assert ": real" in run.lines[2]
    assert run.code == 2  # as of `scan`


def test_lines_that_cannot_be_written_are_no_success(tiny_model, clip):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "edge_detect", "watch", str(clip), "--whole-image", "-m", str(tiny_model)]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 70
    assert "No space left" in run.stderr


def test_cameras_are_listed_or_their_absence_explained(edge_detect):
    run = edge_detect("cameras", "--json")
    assert run.code == 0
    assert isinstance(json.loads(run.out), list)
    if not json.loads(run.out):
        assert "no camera is here" in edge_detect("cameras").err
