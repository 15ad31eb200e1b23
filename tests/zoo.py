"""Real picture files of every supported kind, and files that only look like pictures."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 64


def scene() -> np.ndarray:
    """A smooth RGB picture (64, 96, 3) whose four quarters differ, so that every orientation can be told apart."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[:32, :48] = (220, 40, 40)
    picture[:32, 48:] = (40, 200, 40)
    picture[32:, :48] = (40, 40, 220)
    picture[32:, 48:] = (200, 200, 60)
    return cv2.GaussianBlur(picture, (0, 0), 3)


def encode(picture: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **options)
    return buffer.getvalue()


def orientation(number: int) -> Image.Exif:
    """EXIF data that say how a picture is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = number
    return exif


def with_orientation(
    number: int, kind: str = "JPEG", *, alpha: bool = False, picture: np.ndarray | None = None
) -> bytes:
    """A picture that shows `picture`, or `scene()`, upright once EXIF orientation `number` is applied."""
    undo = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.transpose(1, 0, 2),
        6: lambda p: p.transpose(1, 0, 2)[::-1],
        7: lambda p: p.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda p: p.transpose(1, 0, 2)[:, ::-1],
    }[number]
    picture = scene() if picture is None else picture
    if alpha:
        picture = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    return encode(np.ascontiguousarray(undo(picture)), kind, exif=orientation(number), **options)


def with_scans(more: int, between: bytes = b"") -> bytes:
    """A progressive JPEG whose last scan is there `more` times more, with something between them."""
    jpeg = encode(scene(), "JPEG", progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    return jpeg[:-2] + (between + jpeg[last:-2]) * more + jpeg[-2:]


def good() -> dict[str, bytes]:
    """File name → bytes, for every supported kind."""
    rgb = scene()
    image = Image.fromarray(rgb)
    gray = np.asarray(image.convert("L"))
    alpha = np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])
    buffer = io.BytesIO()
    image.convert("CMYK").save(buffer, "JPEG", quality=95)
    palette = io.BytesIO()
    image.convert("P", palette=Image.Palette.ADAPTIVE).save(palette, "PNG")
    wide = cv2.imencode(".png", rgb[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    files = {
        "baseline.jpg": encode(rgb, "JPEG", quality=95),
        "progressive.jpg": encode(rgb, "JPEG", quality=95, progressive=True),
        "gray.jpg": encode(gray, "JPEG", quality=95),
        "cmyk.jpg": buffer.getvalue(),
        "plain.png": encode(rgb, "PNG"),
        "palette.png": palette.getvalue(),
        "alpha.png": encode(alpha, "PNG"),
        "gray-alpha.png": encode(np.dstack([gray, np.full_like(gray, 255)]), "PNG"),
        "sixteen-bit.png": wide,
        "lossy.webp": encode(rgb, "WEBP", quality=95),
        "lossless.webp": encode(rgb, "WEBP", lossless=True),
        "alpha.webp": encode(alpha, "WEBP", lossless=True),
        "plain.bmp": encode(rgb, "BMP"),
        "plain.tiff": encode(rgb, "TIFF"),
        "lzw.tif": encode(rgb, "TIFF", compression="tiff_lzw"),
    }
    return files | {f"orientation-{number}.jpg": with_orientation(number) for number in range(1, 9)}


def broken() -> dict[str, bytes]:
    """File name → bytes of a dozen files that cannot be scored."""
    rgb = cv2.resize(scene(), (480, 320)) + np.random.default_rng(0).integers(0, 20, (320, 480, 3), np.uint8)
    jpeg, png, webp, tiff = (encode(rgb, kind) for kind in ("JPEG", "PNG", "WEBP", "TIFF"))
    return {
        "empty.jpg": b"",
        "half.jpg": jpeg[: len(jpeg) // 2],
        "half.png": png[: len(png) // 2],
        "half.webp": webp[: len(webp) // 2],
        "half.bmp": encode(rgb, "BMP")[:5000],
        "half.tiff": tiff[:3000],
        "header-only.jpg": jpeg[:12],
        "scans.jpg": with_scans(200),
        "segments.jpg": with_scans(1, b"\xff\xfe\x00\x02" * 1000),
        "text.jpg": b"this is no picture at all\n",
        "moving.gif": encode(rgb, "GIF"),
        "BMW.txt": b"BMW, VW and Audi: cars that he has had\n",
        "clip.avi": b"RIFF\x24\x10\0\0AVI LIST" + bytes(4096),
        "notes.txt": b"groceries: bread, milk\n",
    }


def write(files: dict[str, bytes], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder
