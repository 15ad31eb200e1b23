"""Ways out of a watch, one by one: what arrives, and that nothing waits for a receiver that is slow or dead."""

import contextlib
import errno
import io
import json
import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from events import event

from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.progress import say
from edge_detect.sinks.command import Command
from edge_detect.sinks.lines import Lines
from edge_detect.sinks.metrics import Metrics
from edge_detect.sinks.outlet import Outlet
from edge_detect.sinks.webhook import Webhook

PATIENCE = 60


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
    outlet.is_patient = lambda: True
    outlet.start()
    outlet.gate.set()
    for number in range(200):
        outlet.put(event(number))
    outlet.close()
    assert outlet.got == list(range(200))


def test_patience_ends_when_the_watch_is_told_to_stop():
    outlet, stopped = Slow(), threading.Event()
    outlet.is_patient = lambda: not stopped.is_set()
    outlet.start()
    threading.Timer(0.5, stopped.set).start()
    for number in range(20):
        outlet.put(event(number))
    outlet.close(0.05)
    assert outlet.counts() == {"delivered": 0, "failed": 1, "dropped": 19}
    outlet.gate.set()


def test_that_events_are_dropped_is_said_once_until_none_waits_and_so_is_what_was_late():
    outlet, said = Slow(), []
    outlet.complain = said.append
    outlet.start()
    for _ in range(2):
        outlet.gate.clear()
        for number in range(100):
            outlet.put(event(number))
        outlet.gate.set()
        wait_for(lambda: not outlet._queue and not outlet._overflows)
    assert said == ["outlet: 10 events wait, and the oldest are dropped"] * 2
    outlet.gate.clear()
    for number in range(3):
        outlet.put(event(number))
    outlet.close(0.05)
    assert said[2:] == ["outlet: events that were not delivered in time: 2"]
    outlet.gate.set()


def test_a_complaint_that_cannot_be_printed_ends_no_way_out(monkeypatch):
    class Failing(Outlet):
        def deliver(self, message):
            raise RuntimeError(f"no {message.frame}")

    class Full(io.StringIO):
        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stderr", Full())
    outlet = Failing()
    outlet.complain = say
    outlet.start()
    for number in range(3):
        outlet.put(event(number))
    outlet.close()
    assert outlet.counts() == {"delivered": 0, "failed": 3, "dropped": 0}


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
    for line, complaint in (("false", "ended with 1"), ("sleep 60", "took longer than 0.2 s and was ended")):
        outlet, said = Command(line), []
        outlet.complain = said.append
        outlet.start()
        outlet.put(event())
        outlet.close(PATIENCE)
        assert outlet.failed == 1
        assert said == [f"exec: {line.split()[0]} {complaint}"]


def test_what_a_program_has_started_ends_with_it(monkeypatch, tmp_path):
    from edge_detect.sinks import command

    monkeypatch.setattr(command, "LIMIT", 1.0)
    outlet = Command(f"sh -c 'sleep 60 & echo $! > {tmp_path}/child; wait'")
    outlet.start()
    outlet.put(event())
    outlet.close(PATIENCE)
    child = Path(f"/proc/{int((tmp_path / 'child').read_text())}/stat")
    wait_for(lambda: not child.exists() or child.read_text().split()[2] == "Z")
    assert outlet.failed == 1


def test_a_line_that_was_cut_off_is_not_continued_by_the_next(monkeypatch, tmp_path):
    with (tmp_path / "lines").open("wb") as file:
        room, write = [10, 0, 100], os.write

        def disk(descriptor, data):  # full after so many bytes, until there is room again
            if not (taken := min(room[0], len(data))):
                room.pop(0)
                raise OSError(errno.ENOSPC, "No space left on device")
            room[0] -= taken
            return write(descriptor, data[:taken])

        monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: False, fileno=file.fileno))
        monkeypatch.setattr(os, "write", disk)
        lines = Lines(lambda message: f"event {message.frame}", lambda: None)
        for number in range(5):
            with contextlib.suppress(OSError):
                lines.deliver(event(number))
    assert (tmp_path / "lines").read_text() == "event 0\nev\nevent 3\nevent 4\n"


@pytest.mark.parametrize("line", ["", "no-such-program-here", "'unclosed"])
def test_a_program_that_is_not_there_is_wrong_usage(line):
    with pytest.raises(UsageError, match="--exec"):
        Command(line)


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
