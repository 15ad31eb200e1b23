"""What a watch serves and reports while it runs: metrics, the preview, and its heartbeat."""

import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress

import clips
import numpy as np
import pytest

from edge_detect import Detector
from edge_detect.errors import UsageError
from edge_detect.live import systemd
from edge_detect.live.watcher import Watcher, watch
from edge_detect.sinks import preview as preview_module
from edge_detect.sinks.command import Command
from edge_detect.sinks.metrics import Metrics
from edge_detect.sinks.preview import Preview
from edge_detect.sources.named import find_source

PATIENCE = 60


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=PATIENCE) as answer:
        return answer.read()


def test_metrics_tell_what_was_counted(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.RED)] * 8)
    watcher = Watcher(find_source(clip), Detector.load(tiny_model, whole_image=True))
    outlet = Command("true")
    metrics = Metrics("0", watcher, [outlet])
    try:
        list(watcher)
        said = get(f"http://127.0.0.1:{metrics.port}/metrics").decode()
    finally:
        metrics.close()
    assert "edge_detect_frames_scored_total 8.0" in said
    assert "edge_detect_frames_dropped_total 0.0" in said
    assert 'edge_detect_state{state="fake"} 1.0' in said
    assert 'edge_detect_frame_age_seconds{quantile="0.95"}' in said
    assert 'edge_detect_events_total{outcome="dropped",way_out="exec"} 0.0' in said


@pytest.mark.parametrize("address", ["x", "70000", "host:", "a..b:9100", "a b:9100"])
def test_what_is_no_address_is_wrong_usage(address):
    with pytest.raises(UsageError, match="--metrics"):
        Metrics(address, None, ())


def test_a_host_that_is_not_there_is_no_matter_of_its_port():
    with pytest.raises(UsageError, match=r"--metrics nohost\.invalid:0: .*; give the port alone"):
        Metrics("nohost.invalid:0", None, ())


@pytest.fixture
def preview(tiny_model):
    preview = Preview(0)
    preview.show(Detector.load(tiny_model, whole_image=True).inspect(clips.solid(clips.RED, 320, 240)))
    yield preview
    preview.close()


def test_the_preview_is_a_page_a_picture_and_a_stream(preview):
    from edge_detect import image

    home = f"http://127.0.0.1:{preview.port}"
    assert b'src="/stream"' in get(home + "/")
    pixels = image.decode(get(home + "/frame.jpg")).pixels
    assert pixels.shape == (240, 320, 3)
    assert (pixels != pixels[120, 160]).any()  # something is drawn on the plain red
    with urllib.request.urlopen(home + "/stream", timeout=PATIENCE) as stream:
        assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        assert stream.readline() == b"--frame\r\n"


def test_the_preview_is_for_this_machine_only(preview):
    """A page elsewhere that gets its own name to point here is refused."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"http://127.0.0.1:{preview.port}/frame.jpg", Host=f"evil.example:{preview.port}")
    assert refused.value.code == 403
    refused.value.close()


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:{port}", "127.0.0.1:{port}", "[::1]:80"]
)
def test_the_preview_answers_to_every_name_of_this_machine(preview, host):
    """Port 80, of a tunnel for example, is left out by browsers."""
    assert get(f"http://127.0.0.1:{preview.port}/", Host=host.format(port=preview.port))


def test_a_preview_that_can_be_watched_by_no_more_says_so(preview, monkeypatch):
    monkeypatch.setattr(preview, "_places", threading.Semaphore(0))
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"http://127.0.0.1:{preview.port}/stream")
    assert refused.value.code == 503
    refused.value.close()


def test_viewers_that_leave_make_room_while_no_frames_come(preview, monkeypatch):
    monkeypatch.setattr(preview_module, "REPEAT", 0.02)
    for shown in (preview._newest, None):
        preview._newest = shown
        for _ in range(preview_module.VIEWERS):
            with urllib.request.urlopen(f"http://127.0.0.1:{preview.port}/stream", timeout=PATIENCE):
                pass
        assert all(preview._places.acquire(timeout=PATIENCE) for _ in range(preview_module.VIEWERS))
        preview._places.release(preview_module.VIEWERS)


def test_a_lost_source_is_shown_as_lost(preview, tiny_model):
    """A picture that is old must not pass for what is seen now."""
    from edge_detect import image

    home = f"http://127.0.0.1:{preview.port}"
    preview.show(None)
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(home + "/frame.jpg")
    assert (refused.value.code, refused.value.reason) == (503, "the source is lost")
    refused.value.close()
    with urllib.request.urlopen(home + "/stream", timeout=PATIENCE) as stream:
        lines = [stream.readline() for _ in range(4)]
        pixels = image.decode(stream.read(int(lines[2].split()[1]))).pixels
    assert (pixels[200, 160] < 120).all()
    assert np.ptp(pixels[200, 160]) < 10  # the red is grey now
    preview.show(Detector.load(tiny_model, whole_image=True).inspect(clips.solid(clips.RED, 320, 240)))
    assert get(home + "/frame.jpg")


def test_a_picture_before_the_first_frame_is_refused(preview, monkeypatch):
    monkeypatch.setattr(preview_module, "REPEAT", 0.02)
    preview._newest = None
    with pytest.raises(urllib.error.HTTPError) as refused:
        get(f"http://127.0.0.1:{preview.port}/frame.jpg")
    assert (refused.value.code, refused.value.reason) == (503, "there is no picture yet")
    refused.value.close()


def test_a_preview_can_be_watched_by_watch(preview, tiny_model, monkeypatch):
    """Its stream is one as cameras send it."""
    monkeypatch.setattr(preview_module, "PAUSE", 0.0)
    monkeypatch.setattr(preview_module, "REPEAT", 0.005)  # lines between pictures are no pictures
    stop = threading.Event()
    inspection = preview._newest

    def show():
        while not stop.wait(0.02):
            preview.show(inspection)

    thread = threading.Thread(target=show)
    thread.start()
    events = watch(f"http://127.0.0.1:{preview.port}/stream", Detector.load(tiny_model, whole_image=True))
    try:
        assert next(events).state in ("uncertain", "fake")
    finally:
        events.close()
        stop.set()
        thread.join()


def test_a_port_that_is_taken_is_said(preview):
    with pytest.raises(UsageError, match="take another port"):
        Preview(preview.port)


@pytest.fixture
def manager(monkeypatch, tmp_path):
    """The socket of a service manager, whose watchdog wants to hear something every 10 s."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "10000000")
        yield manager


def test_the_watchdog_hears_twice_per_interval(manager):
    now = 0.0
    heart = systemd.Heart(lambda: now)
    heard = []
    for now in range(100):
        heart.beat()
        with suppress(BlockingIOError):
            heard.append((now, manager.recv(100)))
    assert heard == [(second, b"WATCHDOG=1") for second in range(0, 100, 5)]


def test_a_manager_that_does_not_listen_or_is_gone_holds_nothing_up(manager):
    start = time.monotonic()
    for _ in range(5000):
        systemd.notify("WATCHDOG=1")
    manager.close()
    systemd.notify("STOPPING=1")
    assert time.monotonic() - start < PATIENCE / 2
