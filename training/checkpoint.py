"""The state of a training run on disk: written aside and renamed, so a kill never leaves half a file."""

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from edge_detect.errors import UsageError

LATER = {"samples_sha256"}
"""What older runs do not know of what they were made of."""
PICTURES = {"data_sha256", "samples_sha256", "crops_sha256", "pictures", "sources"}
"""What tells the pictures that a run learns from."""
_TEACHER = "teacher_sha256"
"""What only a run with a teacher knows of."""
OF_SOURCES = {"partial", "favoured"}
"""What a recipe says of single sources, which may change with the pictures."""


@dataclass
class Progress:
    """Where a run stands: steps done and validated, hours spent, the best validation score, and validations since.

    made_of: the recipe and the data, which must not change under a run unless it is asked for, and then `earlier` in it
    tells what it learnt from before; crops, cooldown: its planned length and the share of it in which the rate falls,
    which may; losses: of the steps since the last validation; settled: whether the best model is of a rate that fell,
    and so stays until it falls again.
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
    settled: bool = False


def save(path: Path, model: keras.Model, progress: Progress) -> None:
    """Write the variables of a model and of its optimizer, and the progress."""
    arrays = {f"model{i}": np.asarray(variable) for i, variable in enumerate(model.variables)}
    arrays |= {f"optimizer{i}": np.asarray(variable) for i, variable in enumerate(model.optimizer.variables)}
    aside = path.with_suffix(".part.npz")
    np.savez(aside, progress=json.dumps(vars(progress)), **arrays)
    aside.replace(path)


def change_pictures(progress: Progress, expected: Progress) -> None:
    """Note in `progress` that from here on it learns from the pictures of `expected`, and from which it did before."""
    recipe = progress.made_of["recipe"]
    known = {key: progress.made_of[key] for key in sorted(PICTURES & progress.made_of.keys())}
    known |= {key: recipe[key] for key in sorted(OF_SOURCES) if recipe[key] != expected.made_of["recipe"][key]}
    earlier = [*progress.made_of.get("earlier", []), {**known, "until_crops": progress.step * recipe["batch"]}]
    progress.made_of |= {key: expected.made_of[key] for key in (PICTURES | {"recipe"}) & expected.made_of.keys()}
    progress.made_of["earlier"] = earlier
    progress.best, progress.since_best = float("-inf"), 0


def load(
    path: Path, model: keras.Model, expected: Progress, defaults: dict[str, Any], *, other_pictures: bool = False
) -> Progress:
    """Restore what `save` wrote into a compiled and built model.

    defaults: of the recipe's keys, for a run from before some of them; other_pictures: let it go on with others than it
    learnt from, and with what the recipe says of their sources. Raises UsageError when it belongs to another recipe,
    other data or another network.
    """
    with _opened(path) as stored:
        values = json.loads(str(stored["progress"]))
        progress = Progress(**{"cooldown": expected.cooldown, "validated": values["step"], **values})
        progress.made_of["recipe"] = defaults | progress.made_of["recipe"]
        progress.made_of = {
            **{key: expected.made_of[key] for key in LATER & expected.made_of.keys()},
            **progress.made_of,
        }
        compared = [*expected.made_of, *({_TEACHER} - expected.made_of.keys())]
        changed = [key for key in compared if progress.made_of.get(key) != expected.made_of.get(key)]
        pictures_only = PICTURES.union({"recipe"} if _same_but_sources(progress, expected) else ()).issuperset(changed)
        if changed and pictures_only and other_pictures:
            change_pictures(progress, expected)
        elif changed:
            rest = ", or let it learn on from these: --other-pictures" if pictures_only else ""
            raise UsageError(
                f"{path} is of a run with other {', '.join(changed)}; put those back, or begin anew in another "
                f"--out{rest}"
            )
        variables = {f"model{i}": variable for i, variable in enumerate(model.variables)}
        variables |= {f"optimizer{i}": variable for i, variable in enumerate(model.optimizer.variables)}
        if variables.keys() | {"progress"} != set(stored.files):
            raise UsageError(f"{path} is of another network; begin anew in another --out")
        for name, variable in variables.items():
            variable.assign(stored[name])
    return progress


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """What `save` wrote. Raises UsageError when it is damaged."""
    try:
        with np.load(path) as stored:
            yield stored
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError) as error:
        raise UsageError(
            f"{path} is damaged ({error}): begin anew in another --out, with begin_from the best.keras beside it"
        ) from error


def _same_but_sources(progress: Progress, expected: Progress) -> bool:
    """Whether the recipes of two runs differ in nothing but what they say of single sources."""
    one, other = (run.made_of["recipe"] for run in (progress, expected))
    return all(one.get(key) == other.get(key) for key in one.keys() | other.keys() if key not in OF_SOURCES)
