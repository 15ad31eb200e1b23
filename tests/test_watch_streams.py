"""Streams over the network, from servers that are killed and restarted while they are watched."""

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import clips
import pytest

import edge_detect
from edge_detect import Detector
from edge_detect.errors import UsageError
from edge_detect.live import capture, watcher
from edge_detect.live.events import Summary
from edge_detect.live.watcher import Watcher
from edge_detect.sources import video
from edge_detect.sources.named import find_source

HERE = Path(__file__).parent
DEBIAN = "/usr/bin/python3"
"""Debian's own Python, for which the bindings of GStreamer are packaged."""
PATIENCE = 120
"""Seconds for anything to happen on a machine that does much else."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server in a process of its own, on one port through all its lives."""

    def __init__(self, *command):
        self.port = free_port()
        self.command = [*map(str, command), str(self.port)]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, cwd=HERE)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, "the server ended"
            time.sleep(0.1)
        raise AssertionError("the server does not answer")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def mjpeg():
    server = Server(sys.executable, HERE / "mjpeg.py")
    yield server
    server.kill()


@pytest.fixture
def rtsp():
    probe = [DEBIAN, "-c", "import gi; gi.require_version('GstRtspServer', '1.0')"]
    if not Path(DEBIAN).exists() or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("Debian's GStreamer RTSP server is not on this machine: .ci/servers installs it")
    server = Server(DEBIAN, HERE / "rtsp.py")
    yield server
    server.kill()


def outlive(server, url, tiny_model, monkeypatch):
    """Watch while the server is killed and restarted twice; the states that were said, and the summary."""
    monkeypatch.setattr(capture, "FIRST_RETRY", 0.1)
    monkeypatch.setattr(capture, "LAST_RETRY", 0.5)
    monkeypatch.setattr(video, "TIMEOUT", 5.0)
    monkeypatch.setattr(watcher, "LATE", 60.0)
    watch = Watcher(find_source(url), Detector.load(tiny_model, whole_image=True))
    timer = threading.Timer(PATIENCE, watch.stop)
    timer.start()
    server.start()
    states, summary, killed = [], None, 0
    for event in watch:
        if isinstance(event, Summary):
            summary = event
            continue
        states.append(event.state.value)
        if event.state == "source_lost" and server.process.poll() is not None:
            server.start()
        elif event.state == "real" and killed < 2:
            killed += 1
            server.kill()
        elif event.state == "real":
            watch.stop()
    timer.cancel()
    return states, summary


def test_an_mjpeg_stream_outlives_its_server_twice(mjpeg, tiny_model, monkeypatch):
    states, summary = outlive(mjpeg, f"http://127.0.0.1:{mjpeg.port}/video", tiny_model, monkeypatch)
    assert states == ["real", "source_lost", "real", "source_lost", "real"]
    assert (summary.counts.losses, summary.counts.reconnects) == (2, 2)


def test_a_recording_on_a_web_server_is_no_live_stream(tiny_model, tmp_path):
    clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 20)
    server = Server(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", tmp_path)
    server.start()
    try:
        with pytest.raises(UsageError, match=r"clip\.mkv is a recording or one picture, and no live"):
            list(edge_detect.watch(f"http://127.0.0.1:{server.port}/clip.mkv", Detector.load(tiny_model)))
    finally:
        server.kill()


def test_an_rtsp_stream_outlives_its_server_twice(rtsp, tiny_model, monkeypatch):
    states, summary = outlive(rtsp, f"rtsp://127.0.0.1:{rtsp.port}/green", tiny_model, monkeypatch)
    assert states[0] == "real"
    assert states.count("source_lost") == summary.counts.losses == 2
    assert states[-1] == "real"
    assert summary.counts.reconnects >= 2
