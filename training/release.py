"""A trained model on its way into the repository: small enough to be kept there, with its card and its history."""

import json
import zipfile
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from edge_detect.card import read_packed
from edge_detect.errors import ModelError, UsageError
from edge_detect.writable import write_whole
from training.chronicle import chronicle
from training.trained import load_trained


def release(run: Path, out: Path) -> Path:
    """Write the best model of a run as out/NAME.keras, its card beside it, and add the run to the history there.

    run: a folder with best.keras, best.json and history.csv, as training leaves them. Weights are rounded to what
    float16 holds, so that a `.tflite` of float16 weights holds the same numbers; what is converted, calibrated and
    measured is this file. What had been converted from the weights before is removed. Raises UsageError when a file is
    missing or is none of training's, a weight is too large for float16, or `out` is the run itself.
    """
    if out.exists() and out.samefile(run):
        raise UsageError(f"{out} is the run itself, whose history a release would replace: choose another --out")
    try:
        name = json.loads((run / "best.json").read_text(encoding="utf-8"))["name"]
        model = load_trained(run / "best.keras")
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{run} needs best.keras and best.json, as training leaves them: {error}") from error
    for variable in model.weights:
        with np.errstate(over="ignore"):
            rounded = np.asarray(variable).astype(np.float16)
        if not np.isfinite(rounded).all():
            raise UsageError(f"{run / 'best.keras'} holds weights in {variable.path} that are beyond float16")
        variable.assign(rounded.astype(np.float32))
    released = out / f"{name}.keras"
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out) as aside:
        saved, packed = Path(aside) / "saved.keras", Path(aside) / "packed.keras"
        model.save(saved)
        with zipfile.ZipFile(saved) as stored, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as deflated:
            for entry in stored.namelist():
                deflated.writestr(entry, stored.read(entry))
        chronicle(run, out)
        packed.replace(released)
    write_whole(released.with_suffix(".json"), (run / "best.json").read_bytes())
    for converted in out.glob(f"{name}-*.tflite"):
        with suppress(ModelError):  # what carries no card is none of ours
            if read_packed(converted)[1].name == name:
                converted.unlink()
    return released
