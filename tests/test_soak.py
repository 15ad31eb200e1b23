"""A long watch stays small: `make soak` runs 200,000 frames, the suite fewer."""

import json
import os
import subprocess
import sys

from conftest import ROOT

FRAMES = int(os.environ.get("EDGE_DETECT_SOAK_FRAMES", "8000"))


def test_memory_threads_and_files_stay_constant(tmp_path):
    command = [sys.executable, str(ROOT / "tests" / "soak.py"), str(FRAMES), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, capture_output=True, check=True, env=environment)
    said = json.loads(run.stdout)
    warm, late = said["measured"]
    print(said, "after", FRAMES, "frames")
    assert late["memory"] - warm["memory"] < 5_000_000
    assert late["threads"] == warm["threads"]
    assert abs(late["files"] - warm["files"]) <= 4  # the pipes of a program that is running, a picture being written
    assert said["ways_out"]["save-events"]["delivered"] > 0
    assert len(list((tmp_path / "events").glob("*.json"))) <= 20
