"""`edge-detect evaluate-faces`: how well a finder finds."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from edge_detect.cli import options


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
    workers: options.Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Measure a face finder on pictures with labelled faces.

    Recall at an intersection over union of 0.5 by size (share of the picture's longer side) and by source, boxes
    that touch no labelled face, and the share of faceless pictures that got none.
    """
    from edge_detect.face_evaluation import evaluate_faces as run
    from edge_detect.face_evaluation import tables
    from edge_detect.faces import FaceFinder
    from edge_detect.models import find_model
    from edge_detect.network import Network
    from edge_detect.progress import progress
    from edge_detect.scenes import of_split, read_scenes

    chosen = of_split(read_scenes(scenes), split)
    threads = min(workers or os.cpu_count() or 1, len(chosen))
    finders = [FaceFinder(Network.load(find_model(model))) for _ in range(threads)]
    with progress(len(chosen), "searching", hidden=quiet) as advance:
        figures = run(finders, chosen, small_faces=small_faces, advance=advance)
    typer.echo(json.dumps(figures, indent=1) if as_json else tables({split: figures}))
