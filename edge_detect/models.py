"""Where the models are: inside the installed package, or in `models/` of a checkout."""

import os
from pathlib import Path

from edge_detect.errors import ModelError

DEFAULT, FINDER = "deepfake", "face"
_PLACES = (Path(__file__).parent / "shipped", Path(__file__).parent.parent / "models")


def find_model(model: "str | os.PathLike[str] | None" = None) -> Path:
    """The file of a model, given by path or by the name of a shipped one (default: the deepfake classifier).

    A word without folder and suffix is the name of a shipped model, whatever lies in the working directory, and a path
    only where none is called so; all else is a path. Raises ModelError when there is no such file.
    """
    name = os.fspath(model) if model is not None else DEFAULT
    path, file = Path(name), f"{name}-int8.tflite"
    is_word = path.name == name and not path.suffix
    own = [candidate for place in _PLACES if is_word for candidate in (place / name / file, place / file)]
    for candidate in [*own, path]:
        if os.path.isfile(candidate):  # noqa: PTH113 - no exception for a name that cannot be a path
            return candidate
    if os.path.isdir(name):  # noqa: PTH112
        raise ModelError(f"{name} is a folder: name a .tflite file in it, or one of {', '.join(shipped())}")
    raise ModelError(f"there is no model {name!r}: give the path of a .tflite file, or one of {', '.join(shipped())}")


def is_among_shipped(path: Path) -> bool:
    """Whether a file is, or would be, one of the package's own models."""
    return any(place.resolve() in path.resolve().parents for place in _PLACES)


def shipped() -> list[str]:
    """Names of the models at hand."""
    return sorted(
        {path.name.removesuffix("-int8.tflite") for place in _PLACES for path in place.rglob("*-int8.tflite")}
    )
