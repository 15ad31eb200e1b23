"""The state of a training run on disk: written aside and renamed, so a kill never leaves half a file."""

from pathlib import Path

import keras
import numpy as np


def save(path: Path, model: keras.Model, step: int, best: float, since_best: int) -> None:
    """Write the model's and its optimizer's variables and the place in the run."""
    arrays = {f"model{i}": np.asarray(variable) for i, variable in enumerate(model.variables)}
    arrays |= {f"optimizer{i}": np.asarray(variable) for i, variable in enumerate(model.optimizer.variables)}
    aside = path.with_suffix(".tmp.npz")
    np.savez(aside, step=step, best=best, since_best=since_best, **arrays)
    aside.replace(path)


def load(path: Path, model: keras.Model) -> tuple[int, float, int]:
    """Restore what `save` wrote into a compiled and built model; returns step, best AUC, validations since."""
    with np.load(path) as stored:
        for i, variable in enumerate(model.variables):
            variable.assign(stored[f"model{i}"])
        for i, variable in enumerate(model.optimizer.variables):
            variable.assign(stored[f"optimizer{i}"])
        return int(stored["step"]), float(stored["best"]), int(stored["since_best"])
