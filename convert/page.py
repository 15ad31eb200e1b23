"""`python -m convert.page FOLDER`: the released models as the TensorFlow.js graph models of the web page.

Calibration and thresholds are those of the `.tflite` that computes in float32, too, which gives the same answers.
"""

import dataclasses
import hashlib
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from convert import source, tfjs
from edge_detect.card import read_packed
from edge_detect.cli.process import finish
from edge_detect.errors import ModelError
from edge_detect.evaluation.comparison import FLOATS
from edge_detect.models import DEFAULT, FINDER

MODELS = Path(__file__).parent.parent / "models"


def reference(name: str) -> Path:
    """The released `.tflite` of a model that computes in float32. Raises ModelError when there is none."""
    for precision in FLOATS:
        path = MODELS / name / f"{name}-{precision}.tflite"
        if path.is_file():
            return path
    raise ModelError(f"{MODELS / name} has no {' or '.join(FLOATS)} model of {name!r}: `make release` writes it")


def write_graphs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where a folder a model goes.")],
) -> None:
    """Write the classifier and the finder as graph models, each with its card."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    for name in (DEFAULT, FINDER):
        _, card = read_packed(reference(name))
        files = tfjs.to_files(source.read(MODELS / name / f"{name}.keras"), card)
        digest = hashlib.sha256(files["model.json"] + files["weights.bin"]).hexdigest()
        card = dataclasses.replace(card, conversion={"recipe": "tfjs"}, sha256=digest)
        files["card.json"] = json.dumps(card.to_dict(), indent=1).encode()
        tfjs.write(folder / name, files)


if __name__ == "__main__":
    finish(lambda: typer.run(write_graphs), "convert.page")
