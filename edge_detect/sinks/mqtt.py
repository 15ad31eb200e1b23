"""Events for an MQTT broker, with a last will and discovery by Home Assistant."""

import contextlib
import json
import re
import socket
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import unquote, urlsplit

from edge_detect import __version__
from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.live.events import Summary
from edge_detect.sinks.outlet import FLUSH, Message, Outlet

PASSWORD = "EDGE_DETECT_MQTT_PASSWORD"
"""The variable in the environment that holds the password."""
PORTS = {"mqtt": 1883, "mqtts": 8883}
TOPIC = "edge-detect"
DISCOVERY = "homeassistant"
QOS = 1
RETRY = (1, 30)
"""Seconds between tries to reach a broker that does not answer: the first, the last."""


class Mqtt(Outlet):
    """Publishes each event at QoS 1 under edge-detect/NODE: state (retained), summary, availability (the last will).

    Events wait while there is no broker, and are sent when it is back, in order.
    """

    name = "mqtt"

    def __init__(self, url: str, source: str, password: str | None = None, ca: Path | None = None) -> None:
        """Nothing is connected before `start`.

        url: mqtt[s]://[user@]host[:port][/node], where node is by default made of the names of this machine and of the
        source; ca: a file of certificates to trust instead of the system's. Raises MissingExtraError without paho-mqtt,
        UsageError for what is no such URL or certificate file.
        """
        super().__init__()
        try:
            from paho.mqtt import client as paho
        except ImportError as error:
            raise MissingExtraError("--mqtt", "mqtt") from error
        parts = _parts(url)
        self.node = _slug(parts.path) or _slug(f"{socket.gethostname()}-{source}")
        self.topic = f"{TOPIC}/{self.node}"
        self._source = source
        self._address = (str(parts.hostname), parts.port or PORTS[parts.scheme])
        self._acknowledged: SimpleQueue[int] = SimpleQueue()
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if parts.username:
            client.username_pw_set(unquote(parts.username), password)
        if parts.scheme == "mqtts":
            _trust(client, ca)
        client.will_set(f"{self.topic}/availability", "offline", QOS, retain=True)
        client.reconnect_delay_set(*RETRY)
        client.on_connect = self._on_connect
        client.on_publish = lambda _client, _data, number, _reason, _properties: self._acknowledged.put(number)
        self._client = client

    def start(self) -> None:
        """Begin to connect, and to deliver."""
        self._client.connect_async(*self._address)
        self._client.loop_start()
        super().start()

    def deliver(self, message: Message) -> None:
        """Publish one event and wait until the broker has it."""
        ends = isinstance(message, Summary)
        topic = f"{self.topic}/{'summary' if ends else 'state'}"
        number = self._client.publish(topic, json.dumps(message.to_dict()), QOS, retain=not ends).mid
        while not self._stopping.is_set():
            try:
                if self._acknowledged.get(timeout=0.25) == number:
                    return
            except Empty:
                pass
        raise RuntimeError("the broker did not take the last events")

    def close(self, timeout: float = FLUSH) -> None:
        """As for every way out; then say goodbye."""
        super().close(timeout)
        goodbye = self._client.publish(f"{self.topic}/availability", "offline", QOS, retain=True)
        if self._client.is_connected():
            with contextlib.suppress(RuntimeError, ValueError):  # the broker left just now; it has the last will
                goodbye.wait_for_publish(1.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._say(f"the broker refuses: {reason}")
            return
        for topic, payload in discovery(self.node, self._source).items():
            client.publish(topic, json.dumps(payload), QOS, retain=True)
        client.publish(f"{self.topic}/availability", "online", QOS, retain=True)


def discovery(node: str, source: str) -> dict[str, dict[str, Any]]:
    """Home Assistant's discovery messages by topic: a binary sensor for fake, sensors for the state and the score."""
    topic = f"{TOPIC}/{node}"
    shared = {
        "state_topic": f"{topic}/state",
        "availability_topic": f"{topic}/availability",
        "device": {
            "identifiers": [f"{TOPIC}-{node}"],
            "name": f"{TOPIC} {source}",
            "manufacturer": TOPIC,
            "sw_version": __version__,
        },
        "origin": {"name": TOPIC, "sw_version": __version__},
    }
    entities = {
        "binary_sensor/fake": {
            "name": "Fake",
            "device_class": "problem",
            "value_template": "{{ 'ON' if value_json.state == 'fake' else 'OFF' }}",
        },
        "sensor/state": {"name": "State", "value_template": "{{ value_json.state }}"},
        "sensor/score": {"name": "Score", "value_template": "{{ value_json.score }}"},
    }
    messages = {}
    for entity, own in entities.items():
        component, name = entity.split("/")
        identity = {"unique_id": f"{TOPIC}-{node}-{name}", **own, **shared}
        messages[f"{DISCOVERY}/{component}/{node}/{name}/config"] = identity
    return messages


def _parts(url: str) -> Any:
    """The parts of a URL, after a look at them."""
    parts = urlsplit(url)
    if parts.password is not None:
        raise UsageError(f"--mqtt: everyone on this machine sees a password there; put it into {PASSWORD} or a file")
    try:
        known = parts.scheme in PORTS and parts.hostname and (parts.port or True)
    except ValueError:
        known = False
    if not known:
        raise UsageError(f"--mqtt {url}: the form is mqtt://user@host:1883/name, or mqtts:// for TLS")
    return parts


def _trust(client: Any, ca: Path | None) -> None:
    try:
        client.tls_set(str(ca) if ca else None)
    except (OSError, ValueError) as error:
        raise UsageError(f"--mqtt-ca {ca}: no certificates can be read from it: {error}") from error


def _slug(text: str) -> str:
    """Text as part of a topic."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", text).strip("-")
