"""How much of standard input is read."""

import io
import subprocess
import sys
from types import SimpleNamespace

import clips
import zoo

from edge_detect import Detector
from edge_detect.scan import scan_files


def test_what_is_no_picture_is_not_read_to_its_end_from_stdin(tiny_model):
    command = [sys.executable, "-m", "edge_detect", "scan", "--whole-image", "-m", tiny_model, "-"]
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        run = subprocess.run(command, stdin=endless.stdout, capture_output=True, text=True, timeout=60, check=False)
        endless.kill()
    assert (run.returncode, "not a picture of a supported kind" in run.stdout) == (2, True)


def test_of_a_picture_on_stdin_no_more_is_read_than_a_picture_may_have(tiny_model, monkeypatch):
    data = io.BytesIO(zoo.encode(clips.solid(clips.RED), "PNG") + bytes(10**6))
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=data))
    monkeypatch.setattr("edge_detect.reading.MAX_BYTES", 1000)
    (result,) = scan_files(["-"], [Detector.load(tiny_model, whole_image=True)])
    assert (data.tell(), result.verdict) == (1001, "unreadable")
    assert "the file is larger than" in result.error
