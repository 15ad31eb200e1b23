"""Which cameras are here."""

import fcntl
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_detect.errors import UsageError
from edge_detect.sources import picamera
from edge_detect.sources.named import PICAMERA

_QUERYCAP = 0x80685600
"""VIDIOC_QUERYCAP of Linux' V4L2: asks a device what it can do, without starting it."""
_CAPABILITIES = struct.Struct("16s32s32sIII12x")
_CAPTURE, _DEVICE_CAPS = 0x1, 0x80000000
_NO_CAMERAS = (b"bcm2835-codec", b"bcm2835-isp", b"pispbe", b"rp1-cfe", b"unicam")
"""Drivers of a Raspberry Pi whose devices capture and are no cameras.

They are its codec, its image signal processors, and receivers of raw sensor data, which Picamera2 makes pictures of.
"""


@dataclass(frozen=True)
class Camera:
    """A camera: what to call it as a source, and what it calls itself."""

    source: str
    name: str

    def to_dict(self) -> dict[str, Any]:
        """The camera as JSON-ready values."""
        return {"source": self.source, "name": self.name}


def cameras(devices: Path = Path("/dev")) -> list[Camera]:
    """Cameras of this machine: those of the Picamera2 library, and video devices that can capture."""
    return [*_picameras(), *_devices(devices)]


def _picameras() -> Iterator[Camera]:
    try:
        found = picamera.require().Picamera2.global_camera_info()
    except (UsageError, RuntimeError, OSError):  # `watch picamera2` says why
        return
    for camera in found[:1]:  # `watch picamera2` takes the first
        yield Camera(PICAMERA, str(camera.get("Model", "")))


def _devices(folder: Path) -> Iterator[Camera]:
    numbered = [(int(match[1]), path) for path in folder.glob("video*") if (match := re.search(r"(\d+)$", path.name))]
    for number, path in sorted(numbered):
        try:
            with path.open("rb", buffering=0) as device:
                answer = fcntl.ioctl(device, _QUERYCAP, bytes(_CAPABILITIES.size))
        except OSError:
            continue
        driver, name, _, _, all_of_it, of_this = _CAPABILITIES.unpack(answer)
        captures = (of_this if all_of_it & _DEVICE_CAPS else all_of_it) & _CAPTURE
        if captures and driver.rstrip(b"\0") not in _NO_CAMERAS:
            yield Camera(str(number), name.rstrip(b"\0").decode(errors="replace"))
