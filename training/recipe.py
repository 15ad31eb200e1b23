"""A recipe: everything that decides how a model is trained, in one TOML file."""

import dataclasses
import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge_detect.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


_SMALLEST_CROP, _PATCH = 32, 16
"""Pixels: two rows of patches, so that one can be exchanged for another's; and a patch, which is never cut."""
_RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("crops", "batch", "input_side", "evaluate_every", "patience"), (1, math.inf)),
    **dict.fromkeys(("seed", "warmup", "ramp"), (0, math.inf)),
    **dict.fromkeys(("learning_rate", "weight_decay", "focus", "patch_weight"), (0.0, math.inf)),
    **dict.fromkeys(("cooldown", "ema", "smoothing", "strength", "taught", "balance"), (0.0, 1.0)),
    **dict.fromkeys(("small", "zoomed", "blended", "crossed", "paired", "spliced"), (0.0, 1.0)),
}
"""What the numbers of a recipe may be; whole ones where the least is."""
_KINDS: dict[type, tuple[str, tuple[str, ...]]] = {
    str: ("a text", ("name", "version", "description", "licence", "network", "optimizer")),
    bool: ("true or false", ("mirrored", "keep_last")),
    dict: ("a table", ("options",)),
}
"""What others are."""


@dataclass(frozen=True)
class Recipe:
    """What is trained on what, and how.

    name: of the released model; version: of its weights; description, licence: for its card; network and options: what
    `training.networks.build` gets; mirrored: whether the released classifier also looks at the mirror image; manifests:
    data folders, relative to the working directory; scenes: folder of pictures with face boxes, for a finder;
    begin_from: a trained `.keras` model (its card beside it) of the same network and options, whose weights training
    begins with instead of random ones; teacher: a trained `.keras` classifier (its card beside it) whose answers are
    mixed into those of the data, and taught: how much they count, 0 (not at all) to 1; seed: of weights, sampling and
    damage; input_side: side a picture is scored at, in pixels; crop_sides: sides of training crops, one drawn per
    batch; crops: how many are seen in all; batch: crops a step; optimizer: "adamw" or "muon"; warmup: crops over which
    the learning rate rises; cooldown: last share of the crops over which it falls to zero; weight_decay: of kernels;
    ema: momentum of the averaged weights, which are the result; smoothing: of the labels; ramp: crops until damage has
    its full strength; strength: of the damage, 0–1; small: share of crops that are damaged at a smaller size and scaled
    up, as small faces are; zoomed: share of crops that are cut from the picture at another scale, as differently framed
    faces are; balance: 0 draws sources by size, 1 all alike; favoured: how many times as often as that single sources
    are drawn; blended: share of a batch that is real pictures and blended fakes of them, in pairs, and crossed: share
    of those fakes that get the face of another real picture in place of their own; paired: share that is fakes and real
    pictures of their group, in pairs; spliced: share of a batch whose crops get a rectangle of another crop of the
    batch, with its answers; focus: how much more the loss weighs hard crops (0: alike); patch_weight: of the loss of
    each patch beside that of the picture; partial: sources whose fakes are real in parts, so that of a single patch
    nothing is known; evaluate_every: crops between validations; patience: validations without a better score before
    training stops; keep_last: the result is the state of the last validation, not of the best one.
    """

    name: str
    version: str
    network: str
    manifests: tuple[Path, ...]
    crops: int
    description: str = ""
    licence: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    seed: int = 1
    scenes: Path | None = None
    begin_from: Path | None = None
    teacher: Path | None = None
    taught: float = 0.5
    mirrored: bool = False
    input_side: int = 224
    crop_sides: tuple[int, ...] = (112, 128, 144)
    batch: int = 64
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 0.02
    warmup: int = 60_000
    cooldown: float = 0.2
    ema: float = 0.9995
    smoothing: float = 0.05
    ramp: int = 1_500_000
    strength: float = 1.0
    small: float = 0.0
    zoomed: float = 0.0
    balance: float = 0.5
    favoured: dict[str, float] = field(default_factory=dict)
    blended: float = 0.0
    crossed: float = 0.0
    paired: float = 0.0
    spliced: float = 0.0
    focus: float = 0.0
    patch_weight: float = 0.0
    partial: tuple[str, ...] = ()
    evaluate_every: int = 250_000
    patience: int = 40
    keep_last: bool = False

    def __post_init__(self) -> None:
        """Raises UsageError for a value that cannot be."""
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            kinds = (int,) if isinstance(least, int) else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
                kind = "a whole number" if isinstance(least, int) else "a number"
                upto = f"from {least:g} to {most:g}" if math.isfinite(most) else f"of {least:g} or more"
                raise UsageError(f"{name} is {kind} {upto}, not {value!r}")
        for kind, (words, names) in _KINDS.items():
            for name in names:
                if not isinstance(getattr(self, name), kind):
                    raise UsageError(f"{name} is {words}, not {getattr(self, name)!r}")
        fit = [
            isinstance(side, int) and _SMALLEST_CROP <= side <= self.input_side and side % _PATCH == 0
            for side in self.crop_sides
        ]
        if self.network != "finder" and not (fit and all(fit)):  # which learns from whole scenes
            raise UsageError(
                f"crop_sides are whole numbers from {_SMALLEST_CROP} to input_side, {self.input_side}, in steps of "
                f"{_PATCH}, not {list(self.crop_sides)}"
            )

    @property
    def steps(self) -> int:
        """Optimizer steps in all: whole intervals between validations, so that the last one ends the run."""
        steps = max(1, self.crops // self.batch)
        return steps - steps % self.interval if steps > self.interval else steps

    @property
    def interval(self) -> int:
        """Optimizer steps between validations."""
        return max(1, self.evaluate_every // self.batch)

    @property
    def cooldown_start(self) -> int:
        """The step at which the learning rate begins to fall; until there, a longer run would be the same."""
        return self.steps - round(self.cooldown * self.steps)

    def rate(self, step: int) -> float:
        """Learning rate at a step: linear rise, plateau, linear fall (so that a run can be prolonged)."""
        rise = min(1.0, (step + 1) * self.batch / max(1, self.warmup))
        fall = min(1.0, (self.steps - step) / max(1, self.steps - self.cooldown_start))
        return self.learning_rate * min(rise, fall)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe; raises UsageError for a missing file, wrong TOML, or unknown or missing keys."""
    return make_recipe(read_toml(path), path)


def read_toml(path: Path) -> dict[str, Any]:
    """The values of a TOML file; raises UsageError when it is missing or wrong."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"there is no {path}") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from error


def make_recipe(values: dict[str, Any], path: Path) -> Recipe:
    """A recipe from the values of a TOML file; raises UsageError, which names the file, as `read_recipe` does."""
    known = {entry.name for entry in dataclasses.fields(Recipe)}
    if unknown := sorted(set(values) - known):
        raise UsageError(f"{path}: unknown keys {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    kinds = {
        "manifests": lambda names: tuple(map(Path, _listed(names))),
        "scenes": Path,
        "begin_from": Path,
        "teacher": Path,
        "crop_sides": lambda sides: tuple(_listed(sides)),
        "partial": lambda sources: tuple(_listed(sources)),
        "favoured": _times,
    }
    try:
        return Recipe(**{key: kinds[key](value) if key in kinds else value for key, value in values.items()})
    except (TypeError, UsageError) as error:
        raise UsageError(f"{path}: {error}") from error


def _times(favoured: dict[str, float]) -> dict[str, float]:
    if not isinstance(favoured, dict) or not all(isinstance(n, int | float) and n >= 0 for n in favoured.values()):
        raise TypeError("favoured is a table of numbers by source, none below 0: { mine = 3 }")
    return favoured


def _listed(values: list[Any]) -> list[Any]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} stands where a list is expected: [{values!r}]")
    return values
