"""The ways out that options ask for."""

import os
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.secret import read_secret
from edge_detect.sinks.command import Command
from edge_detect.sinks.mqtt import PASSWORD, Mqtt
from edge_detect.sinks.outlet import Outlet
from edge_detect.sinks.saved import KEPT, SavedEvents
from edge_detect.sinks.webhook import Webhook


def open_outlets(
    source: str,
    *,
    save_events: Path | None = None,
    keep: int = KEPT,
    command: str | None = None,
    webhook: str | None = None,
    webhook_secret: Path | None = None,
    mqtt: str | None = None,
    mqtt_password: Path | None = None,
    mqtt_ca: Path | None = None,
) -> list[Outlet]:
    """One outlet for each option that is given, not started. source: its name.

    Raises UsageError for values that cannot work, and MissingExtraError, which names the extra, for a missing package.
    """
    outlets: list[Outlet] = []
    if save_events is not None:
        outlets.append(SavedEvents(save_events, keep))
    if command is not None:
        outlets.append(Command(command))
    if webhook is not None:
        outlets.append(Webhook(webhook, read_secret(webhook_secret) if webhook_secret else None))
    if mqtt is not None:
        outlets.append(Mqtt(mqtt, source, _password(mqtt_password), mqtt_ca))
    return outlets


def _password(path: Path | None) -> str | None:
    """The broker's password: that in a file, or else in the environment; None where there is none.

    Raises UsageError when it cannot be read or is no UTF-8.
    """
    if path is not None:
        password = read_secret(path)
    elif PASSWORD in os.environ:
        password = os.fsencode(os.environ[PASSWORD])
    else:
        return None
    try:
        return password.decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path or PASSWORD}: the password is not text in UTF-8; write it anew, as UTF-8") from error
