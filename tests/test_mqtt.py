"""Events at a real Mosquitto broker, which is killed and restarted in between."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import datetime, timezone
from pathlib import Path

import clips
import pytest
from paho.mqtt import client as paho
from test_watch_streams import PATIENCE, Server

from edge_detect.errors import UsageError
from edge_detect.live.events import Event, Kind
from edge_detect.live.state import State
from edge_detect.results import ModelId
from edge_detect.sinks import mqtt
from edge_detect.sinks.mqtt import PASSWORD, Mqtt, discovery
from edge_detect.sinks.ways_out import open_outlets

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


class Broker(Server):
    """A broker on a free port of loopback. `retained` messages are lost with it: it stores nothing."""

    def __init__(self, folder: Path, extra: str = ""):
        super().__init__(MOSQUITTO, "-p")
        configuration = folder / "mosquitto.conf"
        configuration.write_text(f"listener {self.port} 127.0.0.1\n{extra or 'allow_anonymous true'}\n")
        self.command = [MOSQUITTO, "-c", str(configuration)]


class Listener:
    """Everything that a broker sends."""

    def __init__(self, port: int):
        self.messages: list[tuple[str, str]] = []
        self._arrived = threading.Condition()
        self.client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self.client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self.client.on_message = self._on_message
        self.client.reconnect_delay_set(1, 1)
        self.client.connect_async("127.0.0.1", port)
        self.client.loop_start()

    def _on_message(self, _client, _data, message):
        with self._arrived:
            self.messages.append((message.topic, message.payload.decode()))
            self._arrived.notify_all()

    def wait(self, wanted):
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(wanted(*m) for m in self.messages), PATIENCE), self.messages

    def payloads(self, topic):
        return [payload for name, payload in self.messages if name == topic]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def broker(tmp_path):
    if MOSQUITTO is None:
        pytest.skip("Mosquitto is not on this machine: .ci/servers installs it")
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def listener(broker):
    listener = Listener(broker.port)
    yield listener
    listener.close()


def event(number: int) -> Event:
    model = ModelId("m", "1", "0", 0.4, 0.6)
    return Event(Kind.STATE, datetime.now(timezone.utc), "camera 0", State.REAL, None, model, frame=number)


def frames(listener, node="hall"):
    states = map(json.loads, listener.payloads(f"edge-detect/{node}/state"))
    return [state["frame"] for state in states if state["state"]]


def test_discovery_states_and_the_last_will_arrive_from_the_command(broker, listener, tiny_model, tmp_path):
    """A process that is killed says nothing more itself: the broker does."""
    clip = clips.write(tmp_path / "clip.mkv", [clips.solid(clips.GREEN)] * 1000, fps=5)
    arguments = ("watch", clip, "--policy", "newest", "--whole-image", "-m", tiny_model)
    command = [sys.executable, "-m", "edge_detect", *map(str, arguments)]
    process = subprocess.Popen([*command, "--mqtt", f"mqtt://127.0.0.1:{broker.port}/hall"], stdout=subprocess.DEVNULL)
    try:
        listener.wait(lambda topic, payload: topic == "edge-detect/hall/state" and json.loads(payload)["state"])
        listener.wait(lambda topic, payload: (topic, payload) == ("edge-detect/hall/availability", "online"))
        state = json.loads(listener.payloads("edge-detect/hall/state")[-1])
        assert (state["event"], state["state"], state["source"]) == ("state", "real", str(clip))
        for topic, payload in discovery("hall", str(clip)).items():
            listener.wait(lambda name, _, topic=topic: name == topic)
            assert json.loads(listener.payloads(topic)[0]) == payload
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    listener.wait(lambda topic, payload: (topic, payload) == ("edge-detect/hall/availability", "offline"))


def test_events_of_the_time_without_a_broker_arrive_when_it_is_back(broker, listener, monkeypatch):
    monkeypatch.setattr(mqtt, "RETRY", (5, 5))  # the listener, which is back sooner, hears all of them
    outlet = Mqtt(f"mqtt://127.0.0.1:{broker.port}/hall", "camera 0")
    outlet.start()
    outlet.put(event(0))
    listener.wait(lambda *_: 0 in frames(listener))
    broker.kill()
    for number in range(1, 6):
        outlet.put(event(number))
    time.sleep(0.5)
    broker.start()
    listener.wait(lambda *_: 5 in frames(listener))
    outlet.close()
    # What had arrived is told once more to a broker that has lost all; what waited comes after it, in order.
    assert [frame for frame in frames(listener) if frame] == list(range(1, 6))
    listener.wait(lambda topic, payload: payload == "offline")
    assert outlet.counts() == {"delivered": 6, "failed": 0, "dropped": 0}


def test_without_any_broker_nothing_waits_and_the_oldest_events_are_dropped_and_counted(tmp_path):
    outlet = Mqtt("mqtt://127.0.0.1:9/hall", "camera 0")
    outlet.start()
    for number in range(1000):
        outlet.put(event(number))
    outlet.close(0.1)
    counts = outlet.counts()
    assert counts["delivered"] == 0
    assert counts["dropped"] + counts["failed"] == 1000


def test_a_broker_that_does_not_answer_is_said_once(monkeypatch):
    monkeypatch.setattr(mqtt, "RETRY", (0.05, 0.05))
    said: list[str] = []
    tries: list[bool] = []
    outlet = Mqtt("mqtt://127.0.0.1:9/hall", "camera 0")
    outlet.complain = said.append
    fail = outlet._client.on_connect_fail
    outlet._client.on_connect_fail = lambda *given: tries.append(True) or fail(*given)
    outlet.start()
    deadline = time.monotonic() + PATIENCE
    while len(tries) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    outlet.close(0.1)
    assert len(tries) >= 3
    assert len(said) == 1
    assert said[0].startswith("mqtt: no answer from 127.0.0.1:9: ")
    assert "refused" in said[0]


def test_what_closes_the_connection_without_an_answer_is_said():
    """As a port for TLS does."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        outlet = Mqtt(f"mqtt://127.0.0.1:{server.getsockname()[1]}/hall", "camera 0")
        outlet.complain = said.append
        outlet.start()
        server.accept()[0].close()
        deadline = time.monotonic() + PATIENCE
        while not said and time.monotonic() < deadline:
            time.sleep(0.05)
        outlet.close(0.1)
    assert "ends before the broker answers" in said[0]


def test_a_broker_that_takes_nothing_does_not_fill_the_memory(monkeypatch):
    """It accepts, and hangs up on what it is told, as one does whose rules forbid a topic."""
    monkeypatch.setattr(mqtt, "RETRY", (0.05, 0.05))
    published = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        outlet = Mqtt(f"mqtt://127.0.0.1:{server.getsockname()[1]}/hall", "camera 0")
        publish = outlet._client.publish
        monkeypatch.setattr(outlet._client, "publish", lambda *a, **k: (published.append(a[0]), publish(*a, **k))[1])
        outlet.start()
        for _ in range(4):
            with server.accept()[0] as connection:
                connection.recv(1000)
                connection.sendall(b"\x20\x02\x00\x00")  # accepted
                connection.recv(10)
        greeted = list(published)
        outlet.close(0.1)
    assert sorted(greeted) == sorted(
        [*discovery("hall", ""), "edge-detect/hall/state", "edge-detect/hall/availability"]
    )


def test_home_assistant_knows_the_device_by_its_name_and_no_verdict_for_none():
    messages = discovery("hall", "camera 0")
    assert {message["device"]["name"] for message in messages.values()} == {"edge-detect hall"}
    template = messages["homeassistant/binary_sensor/hall/fake/config"]["value_template"]
    jinja2 = pytest.importorskip("jinja2")
    said = {
        state: jinja2.Template(template).render(value_json={"state": state})
        for state in (None, *(one.value for one in State))
    }
    assert said == {
        None: "None",
        "fake": "ON",
        "real": "OFF",
        "uncertain": "OFF",
        "no_face": "OFF",
        "source_lost": "None",
    }


def test_what_an_earlier_run_left_is_no_state_of_this_one_and_a_broker_that_forgot_is_told(broker):
    """Before its first event, a run's state is null; after a loss of all that the broker held, the last one."""
    for number in (1, 2):
        listener = Listener(broker.port)
        outlet = Mqtt(f"mqtt://127.0.0.1:{broker.port}/hall", "camera 0")
        outlet.start()
        listener.wait(lambda topic, payload: (topic, payload) == ("edge-detect/hall/availability", "online"))
        assert json.loads(listener.payloads("edge-detect/hall/state")[-1])["state"] is None
        outlet.put(event(number))
        listener.wait(
            lambda topic, payload, number=number: topic.endswith("/state") and f'"frame": {number}' in payload
        )
        listener.close()
        if number == 1:
            outlet.close()
    broker.kill()
    broker.start()
    listener = Listener(broker.port)
    listener.wait(lambda topic, payload: topic.endswith("/state") and '"frame": 2' in payload)
    listener.close()
    outlet.close()


def test_a_wrong_password_is_said(tmp_path):
    if MOSQUITTO is None:
        pytest.skip("Mosquitto is not on this machine: .ci/servers installs it")
    broker = Broker(tmp_path, "allow_anonymous false")
    broker.start()
    said = threading.Event()
    outlet = Mqtt(f"mqtt://me@127.0.0.1:{broker.port}/hall", "camera 0", "wrong")
    outlet.complain = lambda text: said.set() if "refuses" in text else None
    outlet.start()
    try:
        assert said.wait(PATIENCE)
    finally:
        outlet.close(0.1)
        broker.kill()


@pytest.mark.parametrize(
    "url",
    [
        "http://host",
        "mqtt://",
        "mqtt://me:secret@host/x",
        "mqtt://host:port",
        "mqtt://me:sec[ret@host",
        "mqtt://me:1/secret@h",
        "mqtt://a..b",
        "mqtt://h/x?sec=1",
    ],
)
def test_what_is_no_broker_is_wrong_usage_and_no_password_is_shown(url):
    with pytest.raises(UsageError) as raised:
        Mqtt(url, "camera 0")
    assert "sec" not in str(raised.value)


def test_a_certificate_file_that_is_none_is_wrong_usage(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UsageError, match="no certificates"):
        Mqtt("mqtts://host", "camera 0", ca=tmp_path / "ca.pem")
    with pytest.raises(UsageError, match="write mqtts://"):  # or it would be thought to be encrypted
        Mqtt("mqtt://host", "camera 0", ca=tmp_path / "ca.pem")


def test_a_password_without_a_user_is_wrong_usage():
    with pytest.raises(UsageError, match="mqtt://user@host"):
        Mqtt("mqtt://host", "camera 0", "secret")


def test_a_password_that_is_no_utf_8_is_wrong_usage(tmp_path, monkeypatch):
    (tmp_path / "password").write_bytes("schlüssel\n".encode("latin-1"))
    with pytest.raises(UsageError, match="password: the password is not text in UTF-8"):
        open_outlets("camera 0", mqtt="mqtt://me@host", mqtt_password=tmp_path / "password")
    monkeypatch.setitem(os.environb, PASSWORD.encode(), "schlüssel".encode("latin-1"))
    with pytest.raises(UsageError, match=f"{PASSWORD}: the password is not text in UTF-8"):
        open_outlets("camera 0", mqtt="mqtt://me@host")
