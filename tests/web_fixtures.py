"""What Python makes of pictures, finder outputs and cards, as files: the page's own code must make the same of them.

python tests/web_fixtures.py FOLDER
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import zoo

from edge_detect import faces, image
from edge_detect.card import unpack
from edge_detect.errors import PictureError
from edge_detect.header import read_header
from edge_detect.models import DEFAULT, FINDER, find_model

SQUARES = (1, 2, 7, 100, 223, 224, 225, 300, 448, 672, 1000)
LETTERBOXES = ((256, 256), (640, 480), (480, 640), (512, 512), (1024, 768), (1920, 1080), (1, 1), (3, 700), (37, 91))
"""Width and height: nothing to do, fractions, whole factors, slivers, and smaller than the input."""


class Writer:
    """Collects cases by kind and name; arrays go to files beside the JSON."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cases: dict[str, dict[str, Any]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, kind: str, name: str, **values: Any) -> None:
        """Keep a case; pictures (height, width, 3) are stored as bytes."""
        stored = {key: self._stored(f"{kind}-{name}-{key}", value) for key, value in values.items()}
        self._cases.setdefault(kind, {})[name] = stored

    def close(self) -> None:
        """Write all cases."""
        (self._folder / "fixtures.json").write_text(json.dumps(self._cases))

    def _stored(self, name: str, value: Any) -> Any:
        if isinstance(value, bytes):
            (self._folder / name).write_bytes(value)
            return name
        if isinstance(value, np.ndarray) and value.dtype == np.uint8:
            (self._folder / name).write_bytes(value.tobytes())
            return {"file": name, "width": value.shape[1], "height": value.shape[0]}
        return value


def resizes(writer: Writer, rng: np.random.Generator) -> None:
    for side in SQUARES:
        picture = rng.integers(0, 256, (side, side, 3), np.uint8)
        writer.add("squares", str(side), picture=picture, side=224, expected=image.resize(picture, 224))
    for width, height in LETTERBOXES:
        picture = rng.integers(0, 256, (height, width, 3), np.uint8)
        frame, scale = faces.letterbox(picture, 256)
        writer.add("letterboxes", f"{width}x{height}", picture=picture, side=256, expected=frame, scale=scale)


def squares(writer: Writer, rng: np.random.Generator) -> None:
    for number in range(200):
        width, height = (int(side) for side in rng.integers(1, 400, 2))
        corners = np.sort(rng.integers(0, 2 * 400, (2, 2)), axis=0) / 2  # halves, which must round to even
        box = (*corners[0].tolist(), *corners[1].tolist())
        expected = image.face_square(box, width, height)
        writer.add("crops", str(number), box=box, width=width, height=height, expected=expected._asdict())


def searches(writer: Writer, rng: np.random.Generator) -> None:
    """Outputs as an int8 finder's, so that equal neighbours occur, and what is made of them."""
    for number in range(20):
        one, two = (_outputs(rng) for _ in range(2))
        turned = faces.unmirror(two)
        mean = {name: np.asarray((one[name] + turned[name]) / 2, np.float32) for name in one}
        boxes, scores = faces.decode(mean, 0.2)
        kept = faces.suppress(boxes, scores)
        given = {
            f"{name}{which}": values.ravel().tolist()
            for which, outputs in (("One", one), ("Two", two))
            for name, values in outputs.items()
        }
        writer.add(
            "searches", str(number), **given, boxes=boxes[kept].tolist(), scores=scores[kept].tolist(), threshold=0.2
        )


def _outputs(rng: np.random.Generator, side: int = 32) -> dict[str, np.ndarray]:
    heat = np.full((side, side, 1), -6.0)
    size = np.full((side, side, 2), 2.0)
    for _ in range(6):
        row, column = rng.integers(0, side, 2)
        rows, columns = np.indices((side, side))
        near = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 3)[..., None]
        heat += 9 * near
        size += rng.uniform(-1, 1) * near
    heat += rng.normal(0, 0.4, heat.shape)
    offset = rng.normal(0, 0.3, size.shape)
    return {
        "heat": (np.round(heat / 0.2) * 0.2).astype(np.float32),
        "size": (np.round(size / 0.05) * 0.05).astype(np.float32),
        "offset": (np.round(offset / 0.02) * 0.02).astype(np.float32),
    }


def headers(writer: Writer) -> None:
    files = zoo.good() | zoo.broken()
    for kind in ("PNG", "WEBP"):
        files |= {f"{kind}-{n}-{alpha}": zoo.with_orientation(n, kind, alpha=alpha) for n in (1, 6) for alpha in (0, 1)}
    for name, data in files.items():
        try:
            header = dataclasses.asdict(read_header(data))
            del header["has_alpha"]  # which nothing is told of there
            if header["format"] == "JPEG":
                header["orientation"] = 1  # browsers turn these themselves
            writer.add("headers", name, data=data, header=header)
        except PictureError as error:
            writer.add("headers", name, data=data, error=str(error))


def cards(writer: Writer) -> None:
    for name in (DEFAULT, FINDER):
        data = find_model(name).read_bytes()
        flatbuffer, card = unpack(data)
        writer.add("cards", name, model=data, card=json.loads(json.dumps(card.to_dict())), length=len(flatbuffer))


def roundings(writer: Writer) -> None:
    for value, digits in (
        (0.25, 1),
        (0.35, 1),
        (0.75, 1),
        (12.25, 1),
        (12.15, 1),
        (100.05, 1),
        (2.0, 6),
        (0.0000005, 6),
    ):
        writer.add("rounded", f"{value} to {digits}", value=value, digits=digits, expected=round(value, digits))


def write(folder: Path) -> Path:
    """Write all fixtures."""
    rng = np.random.default_rng(9)
    writer = Writer(folder)
    resizes(writer, rng)
    squares(writer, rng)
    searches(writer, rng)
    headers(writer)
    cards(writer)
    roundings(writer)
    writer.close()
    return folder


if __name__ == "__main__":
    write(Path(sys.argv[1]))
