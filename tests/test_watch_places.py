"""`edge_detect.watch` on folders, and on a stand-in for a Raspberry Pi's own camera."""

import fcntl
import json
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import clips
import numpy as np
import pytest
import zoo
from conftest import interruptible

import edge_detect
from edge_detect import Detector
from edge_detect.errors import SourceError, UsageError
from edge_detect.live import capture
from edge_detect.live.watcher import Watcher
from edge_detect.sinks.lines import as_text
from edge_detect.sources import folder as folder_source
from edge_detect.sources.cameras import cameras
from edge_detect.sources.named import find_source


@pytest.fixture(scope="module")
def detector(tiny_model):
    return Detector.load(tiny_model, whole_image=True)


def folder_events(folder, detector, arrive, count):
    """The first `count` events of a watched folder in which something arrives."""
    events = edge_detect.watch(folder, detector)
    timer = threading.Timer(1.0, arrive)
    timer.start()
    try:
        return [next(events) for _ in range(count)]
    finally:
        timer.join()
        events.close()


def test_pictures_that_arrive_in_a_folder_are_scored_each_for_itself(detector, tmp_path):
    pytest.importorskip("watchdog")
    folder, outside = tmp_path / "inbox", tmp_path / "outside.png"
    folder.mkdir()
    outside.write_bytes(zoo.encode(clips.solid(clips.RED), "PNG"))
    (folder / "was-there.png").write_bytes(outside.read_bytes())

    def arrive():
        (folder / "link.png").symlink_to(outside)
        (folder / ".hidden.png").write_bytes(outside.read_bytes())
        data = zoo.encode(clips.noise(1, 200, 200), "PNG")
        with (folder / "slow.png").open("wb") as file:
            for start in range(0, len(data), len(data) // 8):
                file.write(data[start : start + len(data) // 8])
                file.flush()
                time.sleep(0.1)
        (folder / "b.png").write_bytes(outside.read_bytes())
        time.sleep(0.3)
        (folder / "c.png").write_bytes(b"no picture")

    events = folder_events(folder, detector, arrive, 3)
    assert [event.path.rpartition("/")[2] for event in events] == ["slow.png", "b.png", "c.png"]
    assert [event.kind.value for event in events] == ["picture"] * 3
    assert events[0].error is None
    assert (events[1].verdict, events[1].state) == ("fake", "fake")
    assert events[2].error


def test_a_picture_whose_writer_pauses_is_read_when_it_is_whole(detector, tmp_path, monkeypatch):
    pytest.importorskip("watchdog")
    monkeypatch.setattr(folder_source, "SETTLE", 0.1)
    data = zoo.encode(clips.noise(1, 200, 200), "PNG")

    def arrive():
        with (tmp_path / "slow.png").open("wb") as file:
            file.write(data[:1000])
            file.flush()
            time.sleep(2)
            file.write(data[1000:])

    (event,) = folder_events(tmp_path, detector, arrive, 1)
    assert event.error is None


def test_a_picture_that_stays_open_is_read_when_it_has_settled_for_long(detector, tmp_path, monkeypatch):
    pytest.importorskip("watchdog")
    monkeypatch.setattr(folder_source, "SETTLE_OPEN", 1.0)
    with (tmp_path / "open.png").open("wb") as file:

        def arrive():
            file.write(zoo.encode(clips.solid(clips.RED), "PNG"))
            file.flush()

        (event,) = folder_events(tmp_path, detector, arrive, 1)
    assert (event.verdict, event.error) == ("fake", None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"policy": "newest"}, "every picture is scored"),
        ({"window": 3}, "stands for itself"),
        ({"trigger": 1}, "stands for itself"),
        ({"cooldown": 0}, "stands for itself"),
        ({"every_frame": True}, "stands for itself"),
    ],
)
def test_what_is_of_no_use_with_a_folder_is_refused(detector, tmp_path, settings, message):
    pytest.importorskip("watchdog")
    with pytest.raises(UsageError, match=message):
        edge_detect.watch(tmp_path, detector, **settings)


def test_a_missing_watchdog_names_its_extra(detector, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "watchdog", None)
    with pytest.raises(edge_detect.EdgeDetectError, match=r"edge-detect\[folder\]"):
        edge_detect.watch(tmp_path, detector)


def held() -> tuple[int, int]:
    """Files and threads that this process has."""
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()


def test_a_folder_that_is_not_there_is_asked_for_again_and_again_and_nothing_is_kept(tmp_path):
    pytest.importorskip("watchdog")
    before = held()
    for _ in range(5):
        with pytest.raises(SourceError, match="away is not there"):
            folder_source.Folder(tmp_path / "away")
    assert held() == before


def test_a_folder_that_may_not_be_read_is_said(monkeypatch, tmp_path):
    pytest.importorskip("watchdog")
    monkeypatch.setattr("os.access", lambda *_: False)  # root may read any
    with pytest.raises(SourceError, match="cannot be listed: you may not read it"):
        folder_source.Folder(tmp_path)


def test_what_is_printed_into_the_folder_is_not_watched(tiny_model, tmp_path):
    pytest.importorskip("watchdog")
    command = [sys.executable, "-m", "edge_detect", "watch", tmp_path, "--whole-image", "-m", tiny_model, "--jsonl"]
    log = tmp_path / "log.jsonl"
    with log.open("w") as file:
        process = interruptible(command, stdout=file, stderr=subprocess.PIPE)
        for name in ("a.png", "b.png"):  # the second is printed after what was printed of the first has settled
            while name not in log.read_text():
                assert process.poll() is None
                (tmp_path / name).write_bytes(zoo.encode(clips.solid(clips.RED), "PNG"))  # as soon as it is watched
                time.sleep(1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    records = [json.loads(line) for line in log.read_text().splitlines()]
    assert {record["path"].rpartition("/")[2] for record in records[:-1]} == {"a.png", "b.png"}


def test_a_folder_that_goes_just_before_it_is_watched_leaves_no_thread(monkeypatch, tmp_path):
    pytest.importorskip("watchdog")
    _, before = held()
    monkeypatch.setattr(Path, "is_dir", lambda _: True)
    monkeypatch.setattr("os.access", lambda *_: True)
    with pytest.raises(SourceError, match="away cannot be watched"):
        folder_source.Folder(tmp_path / "away")
    assert threading.active_count() == before


@pytest.mark.parametrize("end", [Path.rmdir, lambda folder: folder.rename(folder.with_name("old"))])
def test_a_folder_that_is_made_again_is_gone_and_the_new_one_is_watched(end, tmp_path):
    pytest.importorskip("watchdog")
    folder = tmp_path / "in"
    folder.mkdir()
    watched = folder_source.Folder(folder)
    try:
        end(folder)
        folder.mkdir()
        with pytest.raises(SourceError, match="in is gone"):
            next(shot for shot in iter(watched.read, "never") if shot)
    finally:
        watched.close()


def test_a_folder_that_is_back_is_not_said_to_be_lost_until_a_picture_comes(detector, tmp_path, monkeypatch):
    pytest.importorskip("watchdog")
    monkeypatch.setattr(capture, "FIRST_RETRY", 0.1)
    inbox = tmp_path / "in"
    inbox.mkdir()
    shown = []
    watch = Watcher(find_source(inbox), detector, viewers=[shown.append])
    events = iter(watch)
    data = zoo.encode(clips.solid(clips.RED), "PNG")
    timer = threading.Timer(1.0, (inbox / "a.png").write_bytes, (data,))
    timer.start()
    assert next(events).path == str(inbox / "a.png")
    shutil.rmtree(inbox)
    lost = next(events)
    timer.join()
    inbox.mkdir()
    found = next(events)
    events.close()
    assert (lost.state, found.state, found.previous) == ("source_lost", None, "source_lost")
    assert shown == [shown[0], None, shown[0]]
    assert (watch.counts.losses, watch.counts.reconnects) == (1, 1)
    assert "the source is there again" in as_text(found)


class Picamera2:
    """A stand-in for the documented interface of the Picamera2 library."""

    instances: list = []  # noqa: RUF012
    fail = False

    def __init__(self):
        if Picamera2.fail:
            raise RuntimeError("Failed to acquire camera")
        self.did, self.left = [], 3
        Picamera2.instances.append(self)

    def create_video_configuration(self, main):
        return main

    def configure(self, configuration):
        self.format = configuration["format"]

    def start(self):
        self.did.append("start")

    def capture_array(self, name, wait):
        assert (name, wait, self.format) == ("main", False, "RGB888")
        return self

    def get_result(self, timeout):
        self.left -= 1
        if self.left < 0:
            raise TimeoutError
        return np.ascontiguousarray(clips.solid(clips.RED)[..., ::-1])  # libcamera's RGB888 is blue first in memory

    def stop(self):
        self.did.append("stop")

    def close(self):
        self.did.append("close")


def test_picamera2_is_read_by_its_documented_interface_and_let_go(detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Picamera2))
    monkeypatch.setattr(Picamera2, "instances", [])
    events = edge_detect.watch("picamera2", detector, policy="every", trigger=3)
    assert [next(events).state.value for _ in range(3)] == ["uncertain", "fake", "source_lost"]
    events.close()
    assert Picamera2.instances[0].did == ["start", "stop", "close"]


def test_a_picamera2_that_breaks_is_let_go_all_the_same(detector, monkeypatch):
    def broken(camera):
        camera.did.append("broken")
        raise ValueError("a library's own idea")

    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Picamera2))
    for method in ("stop", "start"):
        with monkeypatch.context() as patched:
            patched.setattr(Picamera2, "instances", [])
            patched.setattr(Picamera2, method, broken)
            events = edge_detect.watch("picamera2", detector, policy="every", trigger=3)
            while (event := next(events)).state != "source_lost":
                pass
            assert "own idea" in event.error
            events.close()
            assert Picamera2.instances[0].did[-1] == "close"
            assert "broken" in Picamera2.instances[0].did


def test_a_picamera2_without_camera_is_lost_and_without_library_wrong_usage(detector, monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Picamera2))
    monkeypatch.setattr(Picamera2, "fail", True)
    events = edge_detect.watch("picamera2", detector)
    assert "check the cable" in next(events).error
    events.close()
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(UsageError, match="apt-get install python3-picamera2"):
        edge_detect.watch("picamera2", detector)


def test_a_picamera2_of_another_numpy_is_wrong_usage_and_hides_no_other_camera(detector, monkeypatch, tmp_path):
    (tmp_path / "picamera2.py").write_text("raise ValueError('numpy.dtype size changed')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "picamera2", raising=False)
    with pytest.raises(UsageError, match=r"numpy\.dtype size changed; see docs/raspberry-pi\.md"):
        edge_detect.watch("picamera2", detector)
    assert cameras(tmp_path) == []


def test_devices_of_a_raspberry_pi_that_are_no_cameras_are_not_listed(monkeypatch, tmp_path):
    """A kernel of which each device file is named after its driver stands in for V4L2."""
    drivers = ("uvcvideo", "bcm2835-codec", "bcm2835-isp", "pispbe", "rp1-cfe", "unicam", "bm2835 mmal")
    for number, driver in enumerate(drivers):
        (tmp_path / f"video{number}").write_text(driver)

    def ioctl(device, _request, _answer):
        return struct.pack("16s32s32sIII12x", device.read(), b"a name", b"", 0, 0x80000001, 0x1)

    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    assert [camera.source for camera in cameras(tmp_path)] == ["0", "6"]


def test_pictures_that_have_settled_are_read_one_after_the_other(monkeypatch, tmp_path):
    pytest.importorskip("watchdog")
    watched = folder_source.Folder(tmp_path)
    try:
        for number in range(5):
            (tmp_path / f"{number}.png").write_bytes(b"picture")
        while [settle for _, _, settle in watched._unsettled.values()] != [folder_source.SETTLE] * 5:
            assert watched.read() is None  # takes note of what has arrived, until all are closed
        time.sleep(folder_source.SETTLE)
        monkeypatch.setattr(folder_source, "_LOOK", -1)  # which nobody can wait
        assert len({watched.read().name for _ in range(5)}) == 5
    finally:
        watched.close()
