"""Whether a model runs on tflite-runtime 2.14, the last for 32-bit boards: in a process and environment of its own.

It needs numpy 1 and Python 3.11 or older, so it cannot live beside TensorFlow.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PYTHON = Path(".venv-legacy/bin/python")
"""Where `make legacy` puts that environment."""
_PROBE = Path(__file__).with_name("legacy_probe.py")
_PATIENCE = 120
TOLERANCE = 0.25
"""Mean difference of an output from LiteRT's, as a share of its mean: integer kernels round a step or a few apart.

Of an output that is zero throughout, the difference itself.
"""


def outcome(
    flatbuffer: bytes, inputs: NDArray[Any], expected: Sequence[NDArray[np.float64]], python: Path | None
) -> tuple[bool | None, str]:
    """Whether the model answers there as on LiteRT, and how it went in words; None where it could not be checked.

    inputs: (n, 1, side, side, 3) in the model's type; expected: LiteRT's outputs in order, each (n, values); the one
    that differs most counts.
    """
    if python is None or not python.exists():
        return None, f"no {python} (`make legacy`)" if python else "left out (--legacy none)"
    with tempfile.TemporaryDirectory() as folder:
        model, pictures = Path(folder, "model.tflite"), Path(folder, "inputs.npy")
        model.write_bytes(flatbuffer)
        np.save(pictures, inputs)
        command = [str(python), str(_PROBE), str(model), str(pictures)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as failure:
            return None, f"{python} does not run it: {failure}"
    if "ModuleNotFoundError" in done.stderr or "_ARRAY_API" in done.stderr:
        return None, f"no tflite-runtime in {python} (`make legacy`)"
    if done.returncode:
        return False, f"refused: {(done.stderr.strip().splitlines() or ['it crashed'])[-1]}"
    ends = np.cumsum([answers.shape[1] for answers in expected])
    try:
        found = np.array(json.loads(done.stdout), np.float64).reshape(len(inputs), ends[-1])
    except (ValueError, TypeError):
        return None, f"{python} gives answers that cannot be read: {done.stdout[:40]!r}"
    errors = [
        np.abs(ours - theirs).mean() / (np.abs(theirs).mean() or 1)
        for ours, theirs in zip(np.split(found, ends[:-1], axis=1), expected, strict=True)
    ]
    error = float(np.max(errors))  # which, unlike Python's own, is no number where one of them is none
    return bool(error <= TOLERANCE), f"differs from LiteRT by {error:.2%}"
