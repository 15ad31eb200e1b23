"""Pictures for the tests of the page: portraits, what is broken, what has no face, a clip for the camera, records.

python tests/web_pictures.py FOLDER
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import zoo

from edge_detect import Detector, image
from training import demo

CLIP = "camera.mjpeg"
SCORED = (
    "hopper-original.png",
    "collins-original.png",
    "two.png",
    "faceless.png",
    "turned.jpg",
    "half.jpg",
    "moving.gif",
)


def write(folder: Path) -> Path:
    """Write all pictures, and `records.json` with what `scan` says of some."""
    demo.make(folder)
    zoo.write(zoo.broken(), folder)
    hopper, collins = (demo.portrait(name)[0] for name in ("hopper", "collins"))
    beside = np.hstack([image.resize(image.whole(picture), 512) for picture in (hopper, collins)])
    image.save(folder / "two.png", beside)
    image.save(folder / "faceless.png", zoo.scene())
    turned = np.ascontiguousarray(np.rot90(collins))
    (folder / "turned.jpg").write_bytes(zoo.encode(turned, "JPEG", quality=95, exif=zoo.orientation(6)))
    frame = np.full((480, 640, 3), 96, np.uint8)
    frame[:, 80:560] = cv2.resize(image.whole(hopper[:520]), (480, 480), interpolation=cv2.INTER_AREA)
    (folder / CLIP).write_bytes(b"".join(image.encode(np.roll(frame, 2 * i, axis=1), ".jpg") for i in range(15)))
    detector = Detector.load()
    records = [detector.detect((folder / name).read_bytes(), name).to_dict() for name in SCORED]
    (folder / "records.json").write_text(json.dumps(records))
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]))
