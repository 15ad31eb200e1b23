"""`edge-detect evaluate`: how well a classifier tells fake from real."""

import json
from pathlib import Path
from typing import Annotated, Optional

import typer

from edge_detect.cli import options


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A .tflite classifier or the name of a shipped one.")],
    data: Annotated[
        list[Path],
        typer.Argument(
            metavar="DATA", help="Labelled face crops: folders with labels.csv, or with real/ and fake/ (see README)."
        ),
    ],
    split: Annotated[
        Optional[list[str]],
        typer.Option(metavar="NAME", help="Which pictures; repeatable; default: test and unseen."),
    ] = None,
    beside: Annotated[
        Optional[list[str]], typer.Option("--with", metavar="MODEL", help="Another model beside it; repeatable.")
    ] = None,
    together: Annotated[
        Optional[list[str]], typer.Option(metavar="A+B", help="Sources to measure as one, too; repeatable.")
    ] = None,
    robustness: Annotated[
        bool, typer.Option("--robustness/--no-robustness", help="Score damaged pictures, too: takes 20 times as long.")
    ] = True,
    report: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="Write a report with drawings: one HTML file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")] = False,
    workers: options.Workers = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Measure a classifier on labelled face crops, as experts expect it.

    By split, source and method, with 95% intervals: AUC, AP, EER, TPR at 1% and 0.5% FPR, accuracies; calibration,
    risk and coverage, robustness, leakage floors, cost.
    """
    from edge_detect.evaluation.damage import DAMAGES
    from edge_detect.evaluation.evaluate import evaluate as run
    from edge_detect.evaluation.output import check_report, write
    from edge_detect.evaluation.text import text
    from edge_detect.extras import require
    from edge_detect.manifest import read_manifests
    from edge_detect.models import find_model

    require("evaluation", "evaluate", "matplotlib", "sklearn")
    samples = read_manifests(data)
    check_report(report, data, samples)
    evaluation = run(
        [find_model(name) for name in (model, *(beside or ()))],
        samples,
        splits=split or (),
        together=[names.split("+") for names in together or ()],
        damages=DAMAGES if robustness else (),
        workers=workers,
        quiet=quiet,
    )
    try:
        if report:
            from edge_detect.evaluation.report import report as page

            write(report, page(evaluation))
    finally:  # what a file could not take is at least printed
        figures = evaluation.figures
        typer.echo(json.dumps(figures, indent=2, allow_nan=False) if as_json else text(figures))
