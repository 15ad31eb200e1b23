"""`edge-detect evaluate-faces`: how well a finder finds."""

import json
from pathlib import Path
from typing import Annotated

import typer


def evaluate_faces(
    scenes: Annotated[
        Path, typer.Argument(metavar="SCENES", help="A folder with images.csv and faces.csv, see README.")
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="MODEL", help="A .tflite finder or the name of a shipped one.")
    ] = "face",
    split: Annotated[str, typer.Option(metavar="NAME", help="Which pictures: train, val or test.")] = "test",
    small_faces: Annotated[bool, typer.Option("--small-faces", help="Search again in overlapping tiles.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure a face finder on pictures with labelled faces.

    Recall at an intersection over union of 0.5 by size (share of the picture's longer side) and by source, boxes
    that touch no labelled face, and the share of faceless pictures that got none.
    """
    from edge_detect.errors import UsageError
    from edge_detect.face_evaluation import evaluate_faces as run
    from edge_detect.face_evaluation import tables
    from edge_detect.faces import FaceFinder
    from edge_detect.models import find_model
    from edge_detect.network import Network
    from edge_detect.scenes import read_scenes

    chosen = [scene for scene in read_scenes(scenes) if scene.split == split]
    if not chosen:
        raise UsageError(f"{scenes} has no pictures in the split {split!r}")
    figures = run(FaceFinder(Network.load(find_model(model))), chosen, small_faces=small_faces)
    typer.echo(json.dumps(figures, indent=1) if as_json else tables({split: figures}))
