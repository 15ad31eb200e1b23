"""A trained model on its way into the repository: small enough to be kept there, with its card and its history."""

import json
import shutil
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from edge_detect.card import read_packed
from edge_detect.errors import ModelError, UsageError
from training.chronicle import chronicle
from training.trained import load_trained


def release(run: Path, out: Path) -> Path:
    """Write the best model of a run as out/NAME.keras, its card beside it, and add the run to the history there.

    run: a folder with best.keras, best.json and history.csv, as training leaves them. Weights are rounded to what
    float16 holds, so that a `.tflite` of float16 weights holds the same numbers; what is converted, calibrated and
    measured is this file. What had been converted from the weights before is removed. Raises UsageError when a file is
    missing or is none of training's.
    """
    try:
        name = json.loads((run / "best.json").read_text(encoding="utf-8"))["name"]
        model = load_trained(run / "best.keras")
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{run} needs best.keras and best.json, as training leaves them: {error}") from error
    chronicle(run, out)
    for variable in model.weights:
        variable.assign(np.asarray(variable).astype(np.float16).astype(np.float32))
    released, saved, packed = (out / name for name in (f"{name}.keras", "saved.keras", "packed.keras"))
    model.save(saved)
    with zipfile.ZipFile(saved) as stored, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as deflated:
        for entry in stored.namelist():
            deflated.writestr(entry, stored.read(entry))
    saved.unlink()
    packed.replace(released)
    shutil.copyfile(run / "best.json", released.with_suffix(".json"))
    for converted in out.glob(f"{name}-*.tflite"):
        with suppress(ModelError):  # what carries no card is none of ours
            if read_packed(converted)[1].name == name:
                converted.unlink()
    return released
