"""The parity set: pictures of every kind, scored at given boxes by Python and by the page, and how far they are apart.

    python tests/parity.py [--into docs/web.md]

Makes the set, has the page's own modules score it in a browser, and prints the table, or writes it into a document.
"""

import argparse
import io
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import web
import zoo
from numpy.typing import NDArray
from PIL import Image, ImageCms

from convert.page import reference
from edge_detect import Detector, image
from edge_detect.detector import SMALLEST_SHARE
from edge_detect.document import byline, replace_between
from edge_detect.models import DEFAULT, find_model
from edge_detect.table import table
from training import demo

MARKER = "parity"
_P3 = {"rXYZ": (0.51512, 0.24120, -0.00105), "gXYZ": (0.29198, 0.69225, 0.04189), "bXYZ": (0.15710, 0.06657, 0.78407)}
"""Display P3's primaries in CIE XYZ, adapted to D50."""


@dataclass(frozen=True)
class Sample:
    """A file of the set; box in pixels of the upright original."""

    kind: str
    name: str
    data: bytes
    box: tuple[float, ...]


def samples() -> Iterator[Sample]:
    """The set."""
    for name in demo.PORTRAITS:
        pixels, found = demo.portrait(name)
        yield from _of_portrait(name, pixels, (found.x0, found.y0, found.x1, found.y1))


def _of_portrait(name: str, pixels: NDArray[np.uint8], box: tuple[float, ...]) -> Iterator[Sample]:
    rgb = Image.fromarray(pixels)
    opacity = np.linspace(0, 255, pixels.shape[0]).astype(np.uint8)[:, None].repeat(pixels.shape[1], 1)
    veiled = np.dstack([pixels, opacity])
    wide = wide_gamut()

    def sample(kind: str, suffix: str, data: bytes, scale: float = 1.0) -> Sample:
        return Sample(kind, f"{name}-{suffix}", data, tuple(value * scale for value in box))

    yield sample("PNG", "plain.png", zoo.encode(pixels, "PNG"))
    yield sample("PNG", "palette.png", _saved(rgb.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"))
    yield sample("PNG", "grey.png", _saved(rgb.convert("L"), "PNG"))
    finer = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint16)
    deep = cv2.imencode(".png", pixels[..., ::-1] * np.uint16(256) + finer)[1]
    yield sample("PNG, 16 bits", "deep.png", deep.tobytes())
    yield sample("BMP", "plain.bmp", zoo.encode(pixels, "BMP"))
    for quality in (95, 75, 40):
        for chroma, way in ((0, "4:4:4"), (2, "4:2:0")):
            data = zoo.encode(pixels, "JPEG", quality=quality, subsampling=chroma)
            yield sample(f"JPEG {way}", f"{quality}-{chroma}.jpg", data)
        yield sample("WebP, lossy", f"{quality}.webp", zoo.encode(pixels, "WEBP", quality=quality))
    yield sample("JPEG 4:2:2", "half.jpg", zoo.encode(pixels, "JPEG", quality=85, subsampling=1))
    yield sample("JPEG, progressive", "progressive.jpg", zoo.encode(pixels, "JPEG", quality=85, progressive=True))
    yield sample("JPEG, grey", "grey.jpg", _saved(rgb.convert("L"), "JPEG", quality=90))
    yield sample("JPEG, CMYK", "cmyk.jpg", _saved(rgb.convert("CMYK"), "JPEG", quality=95))
    yield sample("WebP, lossless", "lossless.webp", zoo.encode(pixels, "WEBP", lossless=True))
    for number in range(1, 9):
        for kind, suffix in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")):
            data = zoo.with_orientation(number, kind, picture=pixels)
            yield sample(f"orientations, {kind.replace('WEBP', 'WebP')}", f"turned-{number}.{suffix}", data)
    yield sample("wide gamut", "p3.png", zoo.encode(pixels, "PNG", icc_profile=wide))
    yield sample("wide gamut", "p3.jpg", zoo.encode(pixels, "JPEG", quality=92, icc_profile=wide))
    yield sample("wide gamut", "p3.webp", zoo.encode(pixels, "WEBP", lossless=True, icc_profile=wide))
    yield sample("alpha, PNG", "veiled.png", zoo.encode(veiled, "PNG"))
    grey = np.dstack([np.asarray(rgb.convert("L")), opacity])
    yield sample("alpha, PNG", "veiled-grey.png", zoo.encode(grey, "PNG"))
    yield sample("alpha, WebP", "veiled.webp", zoo.encode(veiled, "WEBP", lossless=True, exact=True))
    yield sample("alpha, WebP", "veiled-lossy.webp", zoo.encode(veiled, "WEBP", quality=90))
    for side in (24, 60, 150):
        scale = side / (box[3] - box[1])
        small = np.asarray(rgb.resize([round(length * scale) for length in rgb.size], Image.Resampling.LANCZOS))
        yield sample("tiny", f"{side}.png", zoo.encode(small, "PNG"), scale)
        yield sample("tiny", f"{side}.jpg", zoo.encode(small, "JPEG", quality=85), scale)
    for scale in (4, 10):
        large = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        for quality in (92, 75):
            data = zoo.encode(large, "JPEG", quality=quality, subsampling=2)
            yield sample("huge, JPEG" if scale == 10 else "large, JPEG", f"{scale}x-{quality}.jpg", data, scale)
    yield sample("huge, PNG", "10x.png", zoo.encode(large, "PNG", compress_level=1), 10)


def _saved(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def wide_gamut() -> bytes:
    """An ICC profile with the primaries of Display P3: that of sRGB, with others in their place."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for entry in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        primaries = _P3.get(profile[entry : entry + 4].decode())
        if primaries:
            at = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
            profile[at : at + 12] = b"".join(round(v * 65536).to_bytes(4, "big", signed=True) for v in primaries)
    return bytes(profile)


def write(folder: Path) -> Path:
    """Write the set, what Python decodes of each file, and how it scores the face in the given box."""
    detectors = {
        engine: Detector.load(path, whole_image=True)
        for engine, path in (("litert", find_model(DEFAULT)), ("tfjs", reference(DEFAULT)))
    }
    longer = round(detectors["litert"].card.input_side / (image.CROP_MARGIN * SMALLEST_SHARE))
    cases = []
    for each in samples():
        (folder / each.name).write_bytes(each.data)
        decoded = image.decode(each.data, longer=longer)
        height, width = decoded.pixels.shape[:2]
        (folder / f"{each.name}.rgb").write_bytes(np.ascontiguousarray(decoded.pixels).tobytes())
        scale = width / decoded.width, height / decoded.height
        x0, y0, x1, y1 = (value * scale[i % 2] for i, value in enumerate(each.box))
        crop = image.cut(decoded.pixels, image.face_square((x0, y0, x1, y1), width, height))
        scores = {name: one.card.calibration.probability(one.logit(crop)) for name, one in detectors.items()}
        case = {"file": each.name, "kind": each.kind, "box": each.box, "pixels": f"{each.name}.rgb"}
        cases.append({**case, "longer": longer, "scores": scores})
    (folder / "set.json").write_text(json.dumps(cases))
    return folder


def run(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Have the browser score the set; its results are in `results.json`."""
    return web.run("playwright", "test", "parity.spec", EDGE_DETECT_PARITY=folder)


def summary(folder: Path) -> str:
    """A row for each kind of file."""
    results = json.loads((folder / "results.json").read_text())
    heading = ("file", "count", "LiteRT.js", "TensorFlow.js", "values decoded differently", "by at most")
    rows = []
    for kind in dict.fromkeys(each["kind"] for each in results):
        of_kind = [each for each in results if each["kind"] == kind]
        apart = {
            engine: max(abs(each["measured"]["scores"][engine] - each["scores"][engine]) for each in of_kind)
            for engine in ("litert", "tfjs")
        }
        differing = max(each["measured"]["differing"] for each in of_kind)
        largest = max(each["measured"]["largest"] for each in of_kind)
        cells = f"{apart['litert']:.5f}", f"{apart['tfjs']:.5f}", f"{differing:.2%}" if differing else "none"
        rows.append((kind, str(len(of_kind)), *cells, str(largest) if differing else ""))
    return f"{byline(find_model(DEFAULT), reference(DEFAULT))}\n\n{table(heading, rows)}"


def into(document: Path | None) -> int:
    """Make the set, have it scored, and write the table into a document, or print it; returns an exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = run(write(folder))
        if done.returncode:
            print(done.stdout, done.stderr)
        elif document:
            replace_between(document, MARKER, summary(folder))
        else:
            print(summary(folder))
    return done.returncode


if __name__ == "__main__":
    if reason := web.missing():
        sys.exit(reason)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, help="a document with the markers <!-- parity -->")
    sys.exit(into(parser.parse_args().into))
