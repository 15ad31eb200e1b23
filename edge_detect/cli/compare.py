"""`edge-detect compare`: two models side by side."""

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from edge_detect.cli import options


def compare(
    one: Annotated[str, typer.Argument(metavar="A", help="A .tflite classifier or the name of a shipped one.")],
    two: Annotated[str, typer.Argument(metavar="B", help="Another with the same labels.")],
    data: Annotated[
        list[Path],
        typer.Option(metavar="DATA", help="Labelled pictures: a folder with labels.csv, or with one for each label."),
    ],
    split: Annotated[
        Optional[list[str]],
        typer.Option(metavar="NAME", help="Which pictures; repeatable; default: test and unseen, else all."),
    ] = None,
    report: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="Write a page with the worst disagreements: one HTML file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    workers: options.Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Compare two models on the same pictures.

    Size, latency on this machine, AUC or top-1 accuracy, and how far they disagree; pictures are scored whole.
    """
    from edge_detect.card import read_packed
    from edge_detect.errors import UsageError
    from edge_detect.evaluation import disagreement
    from edge_detect.evaluation.evaluate import REPORTED, choose
    from edge_detect.evaluation.output import check_report, write
    from edge_detect.manifest import read_manifests
    from edge_detect.models import find_model
    from edge_detect.progress import progress

    paths = (find_model(one), find_model(two))
    cards = [read_packed(path)[1] for path in paths]
    for card in cards:
        if card.kind == "finder":
            raise UsageError(f"{card.name} finds faces: `edge-detect evaluate-faces` measures finders")
    samples = read_manifests(data, cards[0].labels)
    there = sorted({sample.split for sample in samples})
    wanted = split or [name for name in REPORTED if name in there] or there
    chosen = [sample for part in choose(samples, wanted).values() for sample in part]
    check_report(report, data, chosen)
    with progress(len(chosen), "comparing", hidden=quiet) as advance:
        found = disagreement.compare(paths, chosen, workers, advance)
    try:
        if report:
            write(report, disagreement.report(found))
    finally:  # what a file could not take is at least printed
        typer.echo(json.dumps(found.figures(), indent=2) if as_json else disagreement.text(found))
