"""Options that several verbs share: which models, and how faces are found."""

from typing import Annotated, Optional

import typer

from edge_detect.errors import UsageError

Model = Annotated[
    Optional[str],
    typer.Option("--model", "-m", metavar="MODEL", help="A .tflite file, or deepfake (default) or deepfake-nano."),
]
Finder = Annotated[
    Optional[str],
    typer.Option(metavar="MODEL", help="The model that finds the faces: a .tflite file; default: the shipped face."),
]
WholeImage = Annotated[
    bool, typer.Option("--whole-image", help="Find no faces: score the centred square of each picture.")
]
SmallFaces = Annotated[
    bool, typer.Option("--small-faces", help="Search again in overlapping tiles: slower, finds faces in crowds.")
]
Fpr = Annotated[
    Optional[float],
    typer.Option(
        metavar="RATE",
        help="Call fake what this share of real pictures reaches: one that `edge-detect info` lists; default: 0.01.",
    ),
]
Workers = Annotated[Optional[int], typer.Option(min=1, metavar="N", help="Threads; default: one per core.")]


def check_search(*, whole_image: bool, small_faces: bool, finder: str | None) -> None:
    """Raise UsageError when faces are to be found and not to be found."""
    if whole_image and (small_faces or finder):
        raise UsageError("--whole-image finds no faces: leave it out, or leave out --small-faces and --finder")
