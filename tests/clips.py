"""Small recordings: solid colours for the tiny classifier (the redder, the faker), lossless as FFV1."""

from pathlib import Path

import cv2
import numpy as np

RED, GREEN, GREY = (250, 10, 10), (10, 250, 10), (120, 60, 60)


def solid(colour, width=64, height=48) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def noise(seed: int, width=64, height=48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def write(path: Path, frames, fps=25.0) -> Path:
    """Frames in RGB as a lossless video."""
    frames = list(frames)
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), fps, (width, height))
    for frame in frames:
        writer.write(np.ascontiguousarray(frame[..., ::-1]))
    writer.release()
    return path
