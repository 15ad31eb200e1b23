"""The commands, and a short training run for them: pictures with and without a checkerboard."""

import csv
import subprocess
import sys
from pathlib import Path

RECIPE = """
name = "checks"
version = "1"
network = "edge"
manifests = ["{data}"]
crops = {crops}
input_side = 96
crop_sides = [64]
batch = 16
warmup = 320
ema = 0.9
ramp = 100000
evaluate_every = 640
"""


def python(module: str, *arguments, timeout: int = 300) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", module, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout)


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open() as file:
        return list(csv.DictReader(file))
