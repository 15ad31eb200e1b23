"""`edge_detect.watch` on what it can watch here: recordings, sequences, folders, and stand-ins for cameras."""

import itertools
import threading
import time
from types import SimpleNamespace

import clips
import cv2
import numpy as np
import pytest
import seeker
import zoo

import edge_detect
from edge_detect import Detector
from edge_detect.errors import SourceError, UsageError
from edge_detect.live import capture, watcher
from edge_detect.live.buffer import Frame
from edge_detect.live.events import Summary
from edge_detect.live.watcher import Watcher
from edge_detect.network import Network
from edge_detect.sources.stream import Kind, Shot, Source


@pytest.fixture(scope="module")
def detector(tiny_model):
    return Detector.load(tiny_model, whole_image=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A lost source is tried again soon."""
    monkeypatch.setattr(capture, "FIRST_RETRY", 0.01)
    monkeypatch.setattr(capture, "LAST_RETRY", 0.05)


@pytest.fixture
def red_and_green(tmp_path):
    frames = [clips.solid(clips.GREEN)] * 20 + [clips.solid(clips.RED)] * 20
    return clips.write(tmp_path / "clip.mkv", frames)


class Camera:
    """A source made of what it gives: pixels, None for nothing yet, an exception when it is lost; then it ends."""

    def __init__(self, *lives):
        self.lives = list(lives)
        self.closed = 0

    def source(self, kind=Kind.LIVE):
        return Source("camera", kind, self.open)

    def open(self):
        if not self.lives:
            raise UsageError("no more")
        self.shots = iter(self.lives.pop(0))
        return self

    def read(self):
        shot = next(self.shots, EOFError())
        if isinstance(shot, BaseException):
            raise shot
        return None if shot is None else Shot(shot)

    def close(self):
        self.closed += 1


def all_states(events):
    return [event.state.value for event in events if not isinstance(event, Summary)]


def test_a_clip_gives_changes_of_state_and_then_a_summary(detector, red_and_green):
    *events, summary = edge_detect.watch(red_and_green, detector, window=1, trigger=3)
    assert all_states(events) == ["real", "fake"]
    assert [event.frame for event in events] == [0, 22]
    assert events[1].seconds == pytest.approx(22 / 25)
    said = summary.to_dict()
    assert (said["event"], said["frames"], said["captured"], said["dropped"]) == ("summary", 40, 40, 0)
    assert said["score"] == pytest.approx(0.5, abs=0.01)
    assert said["verdict"] == "uncertain"
    assert not any(thread.name == "capture" for thread in threading.enumerate())


def test_the_frames_that_decided_a_fake_clip_are_its_most_suspicious(detector, tmp_path):
    reds = [200, 210, 250, 220, 205, 204, 201]
    clip = clips.write(tmp_path / "red.mkv", [clips.solid((red, 100, 100)) for red in reds])
    summary = list(edge_detect.watch(clip, detector))[-1]
    assert summary.verdict == "fake"
    assert [frame.frame for frame in summary.deciding] == [2, 3, 1, 4, 5]


def face(number: int) -> np.ndarray:
    """A red face for `seeker`, on noise, elsewhere in each frame."""
    frame = clips.noise(number, 160, 160) // 8
    return cv2.circle(frame, (50 + 4 * number, 80), 32, (255, 20 + 9 * number, 60), -1)


@pytest.mark.parametrize("with_finder", [False, True])
def test_a_lossless_clip_has_the_scores_that_scan_gives_its_frames(tiny_model, tmp_path, edge_detect, with_finder):
    import edge_detect as package

    frames = [face(number) if with_finder else clips.noise(number) for number in range(12)]
    clip = clips.write(tmp_path / "clip.mkv", frames)
    pictures = zoo.write({f"{i:02}.png": zoo.encode(f, "PNG") for i, f in enumerate(frames)}, tmp_path / "frames")
    finder = seeker.write(tmp_path / "seeker.tflite") if with_finder else None
    how = ["--finder", finder] if with_finder else ["--whole-image"]
    scanned = edge_detect("scan", "--jsonl", "-m", tiny_model, *how, pictures).records
    detector = Detector.load(tiny_model, finder=finder, whole_image=not with_finder)
    *events, summary = package.watch(clip, detector, every_frame=True)
    assert [event.faces[0].frame_score for event in events] == [record["score"] for record in scanned]
    assert [event.faces[0].to_dict()["box"] for event in events] == [r["faces"][0]["box"] for r in scanned]
    assert summary.score == pytest.approx(np.mean([record["score"] for record in scanned]), abs=1e-6)


def test_a_sequence_is_watched_in_order_of_its_numbers(detector, tmp_path):
    zoo.write({f"f{i}.png": zoo.encode(clips.solid(clips.GREEN), "PNG") for i in (1, 2, 10)}, tmp_path)
    (tmp_path / "f11.png").write_bytes(b"not a picture")
    for pattern in ("f%d.png", "f*.png"):
        *events, summary = edge_detect.watch(tmp_path / pattern, detector, every_frame=True)
        names = [event.path.rpartition("/")[2] for event in events]
        assert sorted(names) == ["f1.png", "f10.png", "f11.png", "f2.png"]
        if "%" in pattern:
            assert names == ["f1.png", "f2.png", "f10.png", "f11.png"]
        assert summary.counts.unreadable == 1
        assert summary.verdict == "real"


def test_a_recording_under_newest_is_played_at_its_own_speed(detector, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 10, fps=20)
    begin = time.monotonic()
    summary = list(edge_detect.watch(clip, detector, policy="newest"))[-1]
    assert time.monotonic() - begin >= 9 / 20
    assert summary.counts.scored + summary.counts.dropped == summary.counts.captured == 10


def test_a_file_that_is_no_video_is_an_error_that_names_it(detector, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(SourceError, match=r"notes\.txt is no video"):
        list(edge_detect.watch(tmp_path / "notes.txt", detector))


@pytest.mark.parametrize("setting", [{"policy": "x"}, {"window": 0}, {"trigger": 0}, {"cooldown": float("nan")}])
def test_what_is_no_setting_is_wrong_usage(detector, red_and_green, setting):
    with pytest.raises(UsageError):
        edge_detect.watch(red_and_green, detector, **setting)


def test_a_camera_that_is_not_there_is_lost_and_says_how_to_find_one(detector):
    events = edge_detect.watch(99, detector)
    first = next(events)
    events.close()
    assert (first.state, first.previous) == ("source_lost", None)
    assert "edge-detect cameras" in first.error


def test_every_kind_of_loss_is_survived(detector):
    green = clips.solid(clips.GREEN)
    endless = itertools.chain([None, None], itertools.repeat(green))
    camera = Camera(
        [green, SourceError("unplugged")],
        [SourceError("not yet")],
        [ValueError("a driver's own idea")],
        [green, clips.solid(clips.GREEN, 320, 240), green[:1], np.zeros((0, 0, 3), np.uint8), SourceError("gone")],
        endless,
    )
    watch = Watcher(camera.source(), detector)
    states, summary = [], None
    for event in watch:
        if isinstance(event, Summary):
            summary = event
            break
        states.append(event.state.value)
        if watch.counts.reconnects >= 2 and event.state.value == "real":
            watch.stop()
    assert states[-2:] == ["source_lost", "real"]
    assert summary.counts.reconnects == 2  # lives without a frame are none
    assert summary.counts.losses >= 1
    assert (summary.score, summary.verdict) == (None, None)


def test_a_first_frame_that_is_late_is_waited_for_and_said_to_be_missing(detector, monkeypatch):
    monkeypatch.setattr(watcher, "TICK", 0.01)
    monkeypatch.setattr(watcher, "LATE", 0.05)
    arrived = threading.Event()

    def frames():
        while not arrived.wait(0.01):
            yield None
        while True:
            yield clips.solid(clips.GREEN)

    events = edge_detect.watch(Camera(frames()).source(), detector)
    assert (first := next(events)).state == "source_lost"
    assert "sent no frame for" in first.error
    arrived.set()
    assert next(events).state == "real"
    events.close()


def test_a_camera_that_is_never_there_is_not_asked_without_pause(detector, monkeypatch):
    tries = []

    def open_():
        tries.append(time.monotonic())
        raise SourceError("no")

    monkeypatch.setattr(capture, "FIRST_RETRY", 0.05)
    monkeypatch.setattr(capture, "LAST_RETRY", 0.2)
    events = edge_detect.watch(Source("camera", Kind.LIVE, open_), detector)
    next(events)
    time.sleep(0.6)
    events.close()
    pauses = np.diff(tries)
    assert len(pauses) >= 2
    assert (pauses >= [0.05, 0.1, 0.2, 0.2, 0.2, 0.2, 0.2][: len(pauses)]).all()


class SlowCore:
    """Simulated time: a camera of 60 frames a second, and a detector that takes its time while frames arrive."""

    interval = 1 / 60

    def __init__(self, model, inference):
        self.now, self.captured = 0.0, 0
        core = self

        class Slow(Detector):
            def inspect(self, source, name=None):
                core.advance(core.now + inference)
                return super().inspect(source, name)

        source = Source("camera", Kind.LIVE, lambda: None)
        self.watcher = Watcher(source, Slow(Network.load(model)), clock=lambda: self.now)

    def advance(self, until):
        """Let time pass, and the frames arrive that the camera takes meanwhile."""
        while (due := self.captured * self.interval) <= until:
            self.watcher.buffer.put(Frame(self.captured, Shot(clips.solid(clips.GREEN)), due, due))
            self.captured += 1
        self.now = until

    def run(self, count):
        """Score so many frames as the loop does; say how old the oldest was at its verdict."""
        while self.watcher.counts.scored < count:
            frame = self.watcher.buffer.take(0)
            if frame is None:
                self.advance(self.captured * self.interval)
            else:
                list(self.watcher.score(frame))
        return self.watcher.counts.age(1.0)


@pytest.mark.parametrize("inference", [0.001, 0.015, 0.02, 0.1, 0.33, 2.0])
def test_on_a_slow_core_frames_are_dropped_and_never_late(tiny_model, inference):
    core = SlowCore(tiny_model, inference)
    assert core.run(50) <= 2 * core.interval + inference + 1e-9
    waiting = core.captured - 50 - core.watcher.buffer.dropped
    assert waiting in (0, 1)
    missed = max(0, int(inference / core.interval) - 1)  # of the frames that come during one inference, one is scored
    assert core.watcher.buffer.dropped >= 49 * missed


def test_the_wall_clock_may_jump(detector, monkeypatch):
    from datetime import datetime, timezone

    times = itertools.cycle([datetime(2030, 1, 1, tzinfo=timezone.utc), datetime(1999, 1, 1, tzinfo=timezone.utc)])
    monkeypatch.setattr(watcher, "datetime", SimpleNamespace(now=lambda _: next(times)))
    monkeypatch.setattr(time, "time", lambda: next(times).timestamp())
    frames = [clips.solid(color) for color in (clips.GREEN, clips.RED, clips.GREEN) for _ in range(10)]
    settings = watcher.Settings(watcher.Policy.EVERY, window=1, trigger=3, cooldown=3600)
    *events, summary = Watcher(Camera([*frames, EOFError()]).source(), detector, settings)
    assert all_states(events) == ["real", "fake"]  # which holds for an hour, and not only until the clock jumps
    assert summary.seconds >= 0
