"""`edge-detect calibrate`: thresholds for the photos of one's own camera."""

import json
import os
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge_detect.cli import options


def calibrate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .tflite file or the name of a shipped model.")],
    photos: Annotated[
        list[str], typer.Argument(metavar="FOLDER", help="Real photos of your camera: folders, files, quoted globs.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="NEW.tflite", help="Where to write the calibrated copy.")],
    fpr: Annotated[
        float, typer.Option(metavar="RATE", help="The share of real photos that may be called fake, such as 0.01.")
    ] = 0.05,
    least: Annotated[int, typer.Option(min=1, metavar="N", help="How many photos must count.")] = 50,
    finder: options.Finder = None,
    whole_image: options.WholeImage = False,
    small_faces: options.SmallFaces = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
    workers: options.Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Make a copy of a model with thresholds for your own camera.

    Scores photos that you know to be real, as scan does, and moves the thresholds so that no more than the given share
    of such photos is called fake. Give scan the same options as here, and the copy as its --model.
    """
    from edge_detect.calibration import calibrate as run
    from edge_detect.calibration import check_out, score_photos
    from edge_detect.detector import Detector
    from edge_detect.errors import UsageError
    from edge_detect.models import FINDER, find_model
    from edge_detect.progress import progress
    from edge_detect.sources.files import STDIN, expand

    if not 0 < fpr <= 0.5:
        raise UsageError(f"--fpr {fpr:g}: name a share above 0 and up to 0.5, such as 0.01 for 1% of the real photos")
    options.check_search(whole_image=whole_image, small_faces=small_faces, finder=finder)
    if STDIN in photos:
        raise UsageError("photos come from files and folders, not from standard input")
    check_out(out)
    files = list(expand(photos))
    for path in files:
        if path in photos and not os.path.exists(path):  # noqa: PTH110 - no exception for a name that cannot be a path
            raise UsageError(f"there is no {path}: name folders or files with real photos")
    load = partial(Detector.load, model, finder=finder, whole_image=whole_image, small_faces=small_faces)
    detectors = [load() for _ in range(min(workers or os.cpu_count() or 1, len(files)))]
    how = "scored whole" if whole_image else f"faces found by {find_model(finder or FINDER).stem}"
    how += ", also in tiles" if small_faces else ""
    with progress(len(files), "scoring", hidden=quiet) as advance:
        scored = score_photos(files, detectors, advance)
    outcome = run(find_model(model), out, scored, fpr, how, least)
    typer.echo(json.dumps(outcome.to_dict(), indent=2) if as_json else str(outcome))
