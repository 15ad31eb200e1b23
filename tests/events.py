"""Events for ways out."""

from datetime import datetime, timezone

from edge_detect.live.events import Event, Kind
from edge_detect.live.state import State
from edge_detect.results import ModelId


def event(number: int = 0, **changes) -> Event:
    values = {"state": State.FAKE, "previous": State.REAL, "model": ModelId("m", "1", "0", 0.4, 0.6), "frame": number}
    return Event(Kind.STATE, datetime(2026, 1, 2, tzinfo=timezone.utc), "camera 0", **{**values, **changes})
