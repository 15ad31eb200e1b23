"""`python tests/age.py FILE`: how old frames of 60 a second are when they are judged on one throttled core, as a table.

The core is shared with programs that never rest, so that the watch gets all of it, or down to a sixteenth. What a frame
takes, from pixels to verdict, is measured under the same load. Written between the markers <!-- age --> of FILE.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from edge_detect.document import byline, check_markers, replace_between
from edge_detect.models import DEFAULT, FINDER, find_model
from edge_detect.table import table
from training.demo import portrait

SECONDS, FPS = 20, 60
SHARES = {"all": 0, "1/2": 1, "1/4": 3, "1/8": 7, "1/16": 15}
"""Of a core that the watch gets, and how many others it shares it with."""
ON_CORE = ["taskset", "--cpu-list", "0"]
_FRAME_ROW = "a frame, from pixels to verdict"


def film(path: Path) -> Path:
    """A portrait that sways from side to side, as Motion JPEG."""
    picture = cv2.resize(portrait("collins")[0][:480], (640, 480), interpolation=cv2.INTER_AREA)[..., ::-1]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), FPS, (640, 480))
    for number in range(SECONDS * FPS):
        writer.write(np.roll(picture, round(40 * np.sin(number / 30)), axis=1))
    writer.release()
    return path


def on_core(arguments: list[str]) -> str:
    """What the command prints when it and its threads stay on the core."""
    command = [*ON_CORE, sys.executable, "-m", "edge_detect", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def measure(clip: Path, others: int) -> list[str]:
    """One row of the table, but for its first cell."""
    busy = [subprocess.Popen([*ON_CORE, sys.executable, "-c", "while True: pass"]) for _ in range(others)]
    try:
        frame = next(line for line in on_core(["bench", "--rounds", "100"]).splitlines() if line.endswith(_FRAME_ROW))
        summary = json.loads(
            on_core(["watch", str(clip), "--policy", "newest", "--jsonl", "--exit-zero"]).splitlines()[-1]
        )
    finally:
        for process in busy:
            process.kill()
            process.wait()
    took, took_late = (float(value) for value in frame.split()[:2])
    captured, scored, age = summary["captured"], summary["scored"], summary["age_ms"]
    limits = [2000 / FPS + each for each in (took, took_late)]
    dropped = f"{1 - scored / captured:.0%}"
    return [
        f"{took:.1f}",
        f"{captured}",
        dropped,
        f"{age['p50']:.1f}",
        f"{limits[0]:.1f}",
        f"{age['p95']:.1f}",
        f"{limits[1]:.1f}",
    ]


def main(document: Path) -> None:
    check_markers(document, "age")
    with tempfile.TemporaryDirectory() as folder:
        clip = film(Path(folder) / "sway.avi")
        rows = [[share, *measure(clip, others)] for share, others in SHARES.items()]
    heading = ["of a core", "ms a frame", "frames", "dropped", "age p50", "limit", "age p95", "limit"]
    found = f"{byline(find_model(DEFAULT), find_model(FINDER))}\n\n{table(heading, rows)}"
    replace_between(document, "age", found)
    print(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
