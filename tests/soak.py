"""`python soak.py FRAMES FOLDER`: many frames through the whole of `edge-detect watch`, with losses and changes.

Prints one JSON object: resident memory in bytes, threads and open files after warm-up and near the end, and the counts.
"""

import json
import os
import sys
import threading
from pathlib import Path

import clips
import cv2
import numpy as np
import seeker
import tiny

from edge_detect.detector import Detector
from edge_detect.errors import SourceError
from edge_detect.live import capture
from edge_detect.live.buffer import Policy
from edge_detect.live.run import Outputs, run
from edge_detect.live.watcher import Settings
from edge_detect.sinks.command import Command
from edge_detect.sinks.saved import SavedEvents
from edge_detect.sinks.webhook import Webhook
from edge_detect.sources.stream import Kind, Shot, Source

WARM, LATE = 0.2, 0.98
"""Shares of the frames after which is measured."""
LOSSES = 10


def pictures() -> list[np.ndarray]:
    """A red face that moves, and then none."""
    frames = []
    for step in range(64):
        frame = clips.noise(step, 128, 128) // 8
        cv2.circle(frame, (32 + step, 64), 24, (255, 60 + step % 7, 60), -1)
        frames.append(frame)
    return frames


class Camera:
    """Frames without end, with losses, that measures its own process."""

    def __init__(self, frames: int) -> None:
        self.frames, self.number, self.measured = frames, 0, []
        self.faces, self.empty = pictures(), [clips.noise(i, 128, 128) // 8 for i in range(64)]
        self.size = (128, 128)

    def open(self) -> "Camera":
        return self

    def read(self) -> Shot:
        self.number += 1
        if self.number in (int(WARM * self.frames), int(LATE * self.frames)):
            self.measured.append(measure())
        if self.number > self.frames:
            raise EOFError
        if self.number % (self.frames // LOSSES) == 0:
            raise SourceError("unplugged")
        some = self.faces if self.number // 500 % 2 else self.empty
        return Shot(some[self.number % len(some)])

    def close(self) -> None:
        pass


def measure() -> dict[str, int]:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "threads": threading.active_count(),
        "files": len(list(Path("/proc/self/fd").iterdir())),
    }


def main(frames: int, folder: Path) -> None:
    capture.FIRST_RETRY = capture.LAST_RETRY = 0.05
    (folder / "tiny.tflite").write_bytes(tiny.packed())
    finder = seeker.write(folder / "seeker.tflite")
    detector = Detector.load(folder / "tiny.tflite", finder=finder)
    camera = Camera(frames)
    outlets = [SavedEvents(folder / "events", 20), Command("true"), Webhook("http://127.0.0.1:9/")]
    outputs = Outputs(jsonl=True, outlets=outlets, metrics="0", preview=0)
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    run(Source("soak", Kind.LIVE, camera.open), detector, Settings(Policy.EVERY), outputs)
    counts = {outlet.name: outlet.counts() for outlet in outlets}
    os.write(out, json.dumps({"measured": camera.measured, "ways_out": counts}).encode())
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
