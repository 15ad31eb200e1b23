"""Small recordings: solid colours for the tiny classifier (the redder, the faker), lossless as FFV1."""

from pathlib import Path

import cv2
import numpy as np
import zoo

RED, GREEN, GREY = (250, 10, 10), (10, 250, 10), (120, 60, 60)


def solid(colour, width=64, height=48) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def noise(seed: int, width=64, height=48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def write(path: Path, frames, fps=25.0, codec="FFV1") -> Path:
    """Frames in RGB as a video, by default a lossless one."""
    frames = list(frames)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path


def write_by_clock(path: Path, frames, times) -> Path:
    """Frames in RGB as a Matroska video that says when each is (seconds, below 32) and no rate, as browsers record."""
    blocks = [
        _element("a3", b"\x81", round(1000 * time).to_bytes(2, "big"), b"\x80", zoo.encode(frame, "JPEG"))
        for frame, time in zip(frames, times, strict=True)
    ]
    height, width = (side.to_bytes(2, "big") for side in frames[0].shape[:2])
    picture = _element("e0", _element("b0", width), _element("ba", height))
    names = _element("d7", b"\1"), _element("73c5", b"\1"), _element("83", b"\1"), _element("86", b"V_MJPEG")
    information = _element("1549a966", _element("2ad7b1", (1_000_000).to_bytes(4, "big")))  # in milliseconds
    tracks = _element("1654ae6b", _element("ae", *names, picture))
    cluster = _element("1f43b675", _element("e7", b"\0"), *blocks)
    head = _element("1a45dfa3", _element("4282", b"matroska"))
    path.write_bytes(head + _element("18538067", information, tracks, cluster))
    return path


def _element(name: str, *parts: bytes) -> bytes:
    """An element of EBML, RFC 8794."""
    body = b"".join(parts)
    return bytes.fromhex(name) + (len(body) | 1 << 56).to_bytes(8, "big") + body
