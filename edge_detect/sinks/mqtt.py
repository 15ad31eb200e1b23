"""Events for an MQTT broker, with a last will and discovery by Home Assistant."""

import contextlib
import json
import re
import socket
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import unquote, urlsplit

from edge_detect import __version__
from edge_detect.errors import MissingExtraError, UsageError
from edge_detect.hosts import is_host
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
_GOODBYE = 2.0
"""Seconds at the end for the library's thread, which may be asking a name server that does not answer."""


class Mqtt(Outlet):
    """Publishes each event at QoS 1 under edge-detect/NODE: state (retained), summary, availability (the last will).

    Events wait while there is no broker, and are sent when it is back, in order; where none waits, it is told the state
    that holds again. Before the first one the state is null, so that what an earlier run left at the broker does not
    pass for that of this one.
    """

    name = "mqtt"

    def __init__(self, url: str, source: str, password: str | None = None, ca: Path | None = None) -> None:
        """Nothing is connected before `start`.

        url: mqtt[s]://[user@]host[:port][/node], where node is by default made of the names of this machine and of the
        source; ca: a file of certificates to trust instead of the system's. Raises MissingExtraError without paho-mqtt,
        UsageError for what is no such URL, node or certificate file, a password without a user, and certificates
        without TLS.
        """
        super().__init__()
        try:
            from paho.mqtt import client as paho
        except ImportError as error:
            raise MissingExtraError("--mqtt", "mqtt") from error
        parts = _parts(url)
        self.node = _named(parts.path) or _slug(f"{socket.gethostname()}-{source}")
        self.topic = f"{TOPIC}/{self.node}"
        self._source = source
        self._address = (str(parts.hostname), parts.port or PORTS[parts.scheme])
        self._place = ":".join(map(str, self._address))
        self._acknowledged: SimpleQueue[int] = SimpleQueue()
        self._greeting: set[int] = set()
        """Numbers of the messages of the last greeting that the broker has not acknowledged."""
        self._state = json.dumps({"event": "state", "source": source, "state": None, "previous": None, "score": None})
        self._connected = self._refused = self._pending = False
        self._lock = threading.Lock()
        """Held while a state is published, which two threads do."""
        client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if password and not parts.username:
            raise UsageError("--mqtt: a password is of no use without a user: mqtt://user@host")
        if ca and parts.scheme != "mqtts":
            raise UsageError("--mqtt-ca is of no use without encryption: write mqtts:// instead of mqtt://")
        if parts.username:
            client.username_pw_set(unquote(parts.username), password)
        if parts.scheme == "mqtts":
            _trust(client, ca)
        client.will_set(f"{self.topic}/availability", "offline", QOS, retain=True)
        client.reconnect_delay_set(*RETRY)
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        self._client = client

    def start(self) -> None:
        """Begin to connect, and to deliver."""
        self._client.connect_async(*self._address)
        self._client.loop_start()
        super().start()

    def deliver(self, message: Message) -> None:
        """Publish one event and wait until the broker has it."""
        payload = json.dumps(message.to_dict())
        if isinstance(message, Summary):
            number = self._client.publish(f"{self.topic}/summary", payload, QOS).mid
        else:
            with self._lock:
                self._state, self._pending = payload, True
                number = self._publish_state()
        while not self._stopping.is_set():
            try:
                if self._acknowledged.get(timeout=0.25) == number:
                    self._pending = False
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
        ending = threading.Thread(target=self._client.loop_stop, name="mqtt-ending", daemon=True)
        ending.start()
        ending.join(_GOODBYE)

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refused = True
            self._say(f"the broker refuses: {reason}")
            return
        if not self._greeting:  # else the library sends it again by itself, as all that was not acknowledged
            self._greet()
        self._connected, self._refused = True, False

    def _greet(self) -> None:
        """Say what is here: also to a broker that has lost all that it held."""
        for topic, payload in discovery(self.node, self._source).items():
            self._greeting.add(self._client.publish(topic, json.dumps(payload), QOS, retain=True).mid)
        with self._lock:
            if not self._pending:
                self._greeting.add(self._publish_state())
        online = self._client.publish(f"{self.topic}/availability", "online", QOS, retain=True)
        self._greeting.add(online.mid)

    def _on_publish(self, _client: Any, _data: Any, number: int, _reason: Any, _properties: Any) -> None:
        self._greeting.discard(number)
        self._acknowledged.put(number)

    def _on_connect_fail(self, _client: Any, _data: Any) -> None:
        self._say(f"no answer from {self._place}: {sys.exc_info()[1]}; trying again")

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self._closing and not self._refused:
            what = "is gone" if self._connected else "ends before the broker answers"
            self._say(f"the connection to {self._place} {what}: {reason}; trying again")
        self._connected = False

    def _publish_state(self) -> int:
        """Publish the state that holds and return the message's number."""
        return int(self._client.publish(f"{self.topic}/state", self._state, QOS, retain=True).mid)


_FAKE = (
    "{{ 'ON' if value_json.state == 'fake' else "
    "'OFF' if value_json.state in ('real', 'uncertain', 'no_face') else None }}"
)
"""Home Assistant's template for whether there is a fake; None, which it takes for unknown, where nothing is seen."""


def discovery(node: str, source: str) -> dict[str, dict[str, Any]]:
    """Home Assistant's discovery messages by topic: a binary sensor for fake, sensors for the state and the score."""
    topic = f"{TOPIC}/{node}"
    shared = {
        "state_topic": f"{topic}/state",
        "availability_topic": f"{topic}/availability",
        "device": {
            "identifiers": [f"{TOPIC}-{node}"],
            "name": f"{TOPIC} {node}",
            "model": source,
            "manufacturer": TOPIC,
            "sw_version": __version__,
        },
        "origin": {"name": TOPIC, "sw_version": __version__},
    }
    entities = {
        "binary_sensor/fake": {
            "name": "Fake",
            "device_class": "problem",
            "value_template": _FAKE,
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
    try:
        parts = urlsplit(url)
        rest = parts.path + parts.query + parts.fragment
        known = parts.scheme in PORTS and is_host(parts.hostname or "") and parts.port != 0 and "@" not in rest
    except ValueError:
        known = False
    if not known:  # the URL is not shown: what cannot be read may be a password
        raise UsageError("--mqtt: the form is mqtt://user@host:1883/name, or mqtts:// for TLS")
    if parts.password is not None:
        raise UsageError(f"--mqtt: everyone on this machine sees a password there; put it into {PASSWORD} or a file")
    if parts.query or parts.fragment:
        raise UsageError("--mqtt: the URL ends with the name; what stands behind it, from ? or # on, is of no use")
    return parts


def _trust(client: Any, ca: Path | None) -> None:
    try:
        client.tls_set(str(ca) if ca else None)
    except (OSError, ValueError) as error:
        raise UsageError(f"--mqtt-ca {ca}: no certificates can be read from it: {error}") from error


def _named(path: str) -> str:
    """The node that a URL's path names, or "". Raises UsageError for one that cannot be part of a topic."""
    node = unquote(path).strip("/")
    if node != _slug(node):
        raise UsageError(
            f"--mqtt: the name {node!r} cannot be part of a topic; use letters from a to z, digits, - and _"
        )
    return node


def _slug(text: str) -> str:
    """Text as part of a topic."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "-", text).strip("-")
