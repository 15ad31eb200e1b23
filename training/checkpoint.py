"""The state of a training run on disk: written aside and renamed, so a kill never leaves half a file."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_detect.errors import UsageError

LATER = {"samples_sha256"}
"""What older runs do not know of what they were made of."""


@dataclass
class Progress:
    """Where a run stands: steps done and validated, hours spent, the best validation score, and validations since.

    made_of: the recipe and the data, which must not change under a run; crops, cooldown: its planned length and the
    share of it in which the rate falls, which may; losses: of the steps since the last validation.
    """

    made_of: dict[str, Any]
    crops: int
    cooldown: float
    step: int = 0
    validated: int = 0
    losses: list[float] = field(default_factory=list)
    best: float = field(default=float("-inf"))
    since_best: int = 0
    hours: float = 0.0


def save(path: Path, model: keras.Model, progress: Progress) -> None:
    """Write the variables of a model and of its optimizer, and the progress."""
    arrays = {f"model{i}": np.asarray(variable) for i, variable in enumerate(model.variables)}
    arrays |= {f"optimizer{i}": np.asarray(variable) for i, variable in enumerate(model.optimizer.variables)}
    aside = path.with_suffix(".part.npz")
    np.savez(aside, progress=json.dumps(vars(progress)), **arrays)
    aside.replace(path)


def load(path: Path, model: keras.Model, expected: Progress, defaults: dict[str, Any]) -> Progress:
    """Restore what `save` wrote into a compiled and built model.

    defaults: of the recipe's keys, for a run from before some of them. Raises UsageError when it belongs to another
    recipe, other data or another network.
    """
    with np.load(path) as stored:
        values = json.loads(str(stored["progress"]))
        progress = Progress(**{"cooldown": expected.cooldown, "validated": values["step"], **values})
        progress.made_of["recipe"] = defaults | progress.made_of["recipe"]
        progress.made_of = {
            **{key: expected.made_of[key] for key in LATER & expected.made_of.keys()},
            **progress.made_of,
        }
        changed = [key for key, value in expected.made_of.items() if progress.made_of.get(key) != value]
        if changed:
            raise UsageError(
                f"{path} is of a run with other {', '.join(changed)}; put those back, or begin anew in another --out"
            )
        variables = {f"model{i}": variable for i, variable in enumerate(model.variables)}
        variables |= {f"optimizer{i}": variable for i, variable in enumerate(model.optimizer.variables)}
        if variables.keys() | {"progress"} != set(stored.files):
            raise UsageError(f"{path} is of another network; begin anew in another --out")
        for name, variable in variables.items():
            variable.assign(stored[name])
    return progress
