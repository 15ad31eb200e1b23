"""Ways out of a watch, one by one: what arrives, and that nothing waits for a receiver that is slow or dead."""

import hashlib
import hmac
import json
import resource
import sys
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import clips
import pytest

from edge_detect import Detector
from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.live.events import Event, Kind
from edge_detect.live.state import State
from edge_detect.live.watcher import watch
from edge_detect.results import ModelId
from edge_detect.secret import read_secret
from edge_detect.sinks import webhook as webhook_module
from edge_detect.sinks.command import Command
from edge_detect.sinks.metrics import Metrics
from edge_detect.sinks.outlet import Outlet
from edge_detect.sinks.saved import SavedEvents
from edge_detect.sinks.webhook import SIGNATURE, Webhook

PATIENCE = 60


def event(number: int = 0, **changes) -> Event:
    values = {"state": State.FAKE, "previous": State.REAL, "model": ModelId("m", "1", "0", 0.4, 0.6), "frame": number}
    return Event(Kind.STATE, datetime(2026, 1, 2, tzinfo=timezone.utc), "camera 0", **{**values, **changes})


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Slow(Outlet):
    capacity = 10

    def __init__(self):
        super().__init__()
        self.gate = threading.Event()
        self.got = []

    def deliver(self, message):
        assert self.gate.wait(PATIENCE)
        self.got.append(message.frame)


def test_a_slow_receiver_costs_its_oldest_events_and_no_time():
    outlet = Slow()
    outlet.start()
    outlet.put(event(0))
    wait_for(lambda: not outlet._queue)
    for number in range(1, 101):
        outlet.put(event(number))
    assert outlet.counts() == {"delivered": 0, "failed": 0, "dropped": 90}
    outlet.gate.set()
    outlet.close()
    assert outlet.got == [0, *range(91, 101)]
    assert outlet.delivered == 11


def test_what_waits_for_a_dead_receiver_at_the_end_is_dropped_and_counted():
    outlet = Slow()
    outlet.start()
    for number in range(5):
        outlet.put(event(number))
    outlet.close(0.05)
    assert outlet.counts() == {"delivered": 0, "failed": 1, "dropped": 4}
    outlet.gate.set()
    outlet._thread.join(PATIENCE)
    assert outlet.counts() == {"delivered": 0, "failed": 1, "dropped": 4}  # each of them once


def test_a_patient_way_out_loses_nothing():
    outlet = Slow()
    outlet.patient = True
    outlet.start()
    outlet.gate.set()
    for number in range(200):
        outlet.put(event(number))
    outlet.close()
    assert outlet.got == list(range(200))


def test_a_failure_is_said_once_until_its_reason_changes():
    class Failing(Outlet):
        def deliver(self, message):
            raise RuntimeError("no" if message.frame < 3 else "never")

    outlet, said = Failing(), []
    outlet.complain = said.append
    outlet.start()
    for number in range(5):
        outlet.put(event(number))
    outlet.close()
    assert said == ["outlet: no", "outlet: never"]
    assert outlet.failed == 5


def test_saved_events_hold_the_frame_the_crop_and_the_json(tiny_model, tmp_path):
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.RED)] * 8)
    outlet = SavedEvents(tmp_path / "events", keep=10)
    outlet.start()
    for message in watch(clip, Detector.load(tiny_model, whole_image=True)):
        outlet.put(message)
    outlet.close()
    names = sorted(path.name for path in (tmp_path / "events").iterdir())
    assert names == [f"event-0000000{n}.{suffix}" for n in (1, 2) for suffix in ("jpg", "json", "png")]
    record = json.loads((tmp_path / "events" / "event-00000002.json").read_text())
    assert (record["state"], record["previous"], record["frame"]) == ("fake", "uncertain", 4)
    from edge_detect import image

    assert image.decode((tmp_path / "events" / "event-00000002.jpg").read_bytes()).pixels.shape == (48, 64, 3)
    assert image.decode((tmp_path / "events" / "event-00000002.png").read_bytes()).pixels.shape == (16, 16, 3)


def test_saved_events_are_capped_numbered_on_and_touch_nothing_else(tmp_path):
    (tmp_path / "event-mine.json").write_text("mine")
    for _ in range(2):
        outlet = SavedEvents(tmp_path, keep=3)
        outlet.start()
        outlet.patient = True
        for number in range(5):
            outlet.put(event(number))
        outlet.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [*(f"event-000000{n}.json" for n in ("08", "09", "10")), "event-mine.json"]
    SavedEvents(tmp_path, keep=1)  # not started: a watch that does not begin deletes nothing
    assert sorted(path.name for path in tmp_path.iterdir()) == names


@contextmanager
def full_after(size: int):
    """No file can become larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [100, 3000])
def test_an_event_for_which_there_is_no_room_leaves_no_files_and_the_others_stay(tiny_model, tmp_path, size):
    inspection = Detector.load(tiny_model, whole_image=True).inspect(clips.noise(1, 200, 200))
    outlet = SavedEvents(tmp_path, keep=3)
    for number in range(3):
        outlet.deliver(event(number))
    before = sorted(tmp_path.iterdir())
    for _ in range(5):
        with full_after(size), pytest.raises(OSError, match="too large"):
            outlet.deliver(event(inspection=inspection))
    assert sorted(tmp_path.iterdir()) == before
    outlet.deliver(event())
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        SavedEvents(tmp_path / "file", keep=1)


def test_a_folder_takes_the_events_of_one_watch_at_a_time(tmp_path):
    first = SavedEvents(tmp_path, keep=1)
    first.start()
    with pytest.raises(UsageError, match="another watch saves there; name another folder"):
        SavedEvents(tmp_path, keep=1)
    first.close()
    SavedEvents(tmp_path, keep=1)


def test_a_program_gets_the_json_on_its_stdin_and_no_shell_sees_its_arguments(tmp_path):
    script = "import sys, pathlib; pathlib.Path(sys.argv[1]).write_text(sys.argv[2] + sys.stdin.read())"
    outlet = Command(f"{sys.executable} -c '{script}' {tmp_path}/out '$(id); '")
    outlet.start()
    outlet.put(event())
    outlet.close(PATIENCE)
    assert outlet.counts() == {"delivered": 1, "failed": 0, "dropped": 0}
    said = (tmp_path / "out").read_text()
    assert said.startswith("$(id); ")
    assert json.loads(said.removeprefix("$(id); "))["event"] == "state"


def test_a_program_that_fails_or_hangs_is_counted(monkeypatch):
    from edge_detect.sinks import command

    monkeypatch.setattr(command, "LIMIT", 0.2)
    for line in ("false", "sleep 60"):
        outlet = Command(line)
        outlet.start()
        outlet.put(event())
        outlet.close(PATIENCE)
        assert outlet.failed == 1


@pytest.mark.parametrize("line", ["", "no-such-program-here", "'unclosed"])
def test_a_program_that_is_not_there_is_wrong_usage(line):
    with pytest.raises(UsageError, match="--exec"):
        Command(line)


@contextmanager
def web_server(*statuses):
    """A server that answers with these, and then 200; what it was sent."""
    answers, requests = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((body, self.headers))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(webhook_module, "FIRST_PAUSE", 0.01)


def test_a_webhook_posts_signed_json_and_tries_again(impatient, tmp_path):
    (tmp_path / "secret").write_text("key\n")
    with web_server(503, 429) as (url, requests):
        outlet = Webhook(url, read_secret(tmp_path / "secret"))
        outlet.start()
        outlet.put(event(7))
        outlet.close(PATIENCE)
    assert len(requests) == 3
    body, headers = requests[-1]
    assert json.loads(body)["frame"] == 7
    assert headers[SIGNATURE] == "sha256=" + hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert outlet.counts() == {"delivered": 1, "failed": 0, "dropped": 0}


def test_a_webhook_that_refuses_is_not_asked_again(impatient):
    with web_server(404) as (url, requests):
        outlet, said = Webhook(url), []
        outlet.complain = said.append
        outlet.start()
        outlet.put(event())
        outlet.close(PATIENCE)
    assert len(requests) == 1
    assert said == ["webhook: the server answers 404"]


def test_a_webhook_without_a_server_does_not_hold_up_the_end():
    outlet = Webhook("http://127.0.0.1:9/")
    outlet.start()
    for number in range(500):
        outlet.put(event(number))
    begin = time.monotonic()
    outlet.close(0.1)
    assert time.monotonic() - begin < PATIENCE / 4
    counts = outlet.counts()
    assert counts["delivered"] == 0
    assert counts["failed"] + counts["dropped"] == 500


def test_a_secret_that_is_missing_or_empty_is_wrong_usage(tmp_path):
    (tmp_path / "empty").write_text("\n")
    for name in ("empty", "missing"):
        with pytest.raises(UsageError, match=name):
            read_secret(tmp_path / name)


@pytest.mark.parametrize(
    ("module", "make", "extra"),
    [
        ("httpx", lambda: Webhook("http://host/"), "webhook"),
        ("paho.mqtt", lambda: __import__("edge_detect.sinks.mqtt").sinks.mqtt.Mqtt("mqtt://host", "x"), "mqtt"),
        ("prometheus_client", lambda: Metrics("0", None, ()), "metrics"),
    ],
)
def test_a_missing_package_names_its_extra(module, make, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"edge-detect\[{extra}\]"):
        make()
