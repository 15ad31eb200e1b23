"""`python -m training.sources`: list, build and check the public sources of training pictures."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_detect.cli.help import Verb
from edge_detect.cli.process import finish
from edge_detect.errors import ExitCode

app = typer.Typer(
    name="training.sources",
    help="From public repositories to labelled face crops; docs/data.md tells the whole way.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Beside = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DATA",
        help="Labelled pictures used together with these: their splits stay, none of theirs is held twice.",
    ),
]


@app.command("list", cls=Verb)
def list_sources(
    as_json: Annotated[bool, typer.Option("--json", help="All that is known of them, for programs.")] = False,
) -> None:
    """What sources there are."""
    from training.sources.source import names, read_source

    sources = [read_source(name) for name in names()]
    if as_json:
        typer.echo(json.dumps([source.to_dict() for source in sources], indent=1))
        return
    for source in sources:
        labels = " and ".join(sorted({entry.label for entry in source.pictures}, reverse=True))
        typer.echo(f"{source.name:14}{labels:15}{source.about}")


@app.command(cls=Verb)
def build(
    sources: Annotated[list[str], typer.Argument(metavar="NAME", help="Of a source, its .toml file, or 'all'.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the built sources, each in its own.")],
    clones: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Folder of clones on disk, bare or not; else they are fetched into OUT/clones."
        ),
    ] = None,
    beside: Beside = None,
    finder: Annotated[
        str, typer.Option(metavar="MODEL", help="The face finder: a .tflite file, or a shipped one.")
    ] = "face",
    limit: Annotated[int, typer.Option(metavar="N", min=0, help="At most so many pictures a source; 0 for all.")] = 0,
    workers: Annotated[int, typer.Option(metavar="N", min=0, help="Threads; 0 for one per core.")] = 0,
) -> None:
    """Cut the face crops of sources; goes on where it was interrupted.

    Exit codes: 0 all are built, 1 some were left out, 2 wrong usage, 70 internal error, 130 interrupted.
    """
    from training.sources.run import build_all

    failed = build_all(sources, out, clones, beside or [], finder, limit, workers or os.cpu_count() or 1)
    if failed:
        sys.exit(ExitCode.FLAGGED)


@app.command(cls=Verb)
def check(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="The folder given to build as --out.")],
    beside: Beside = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that shows the figures, as docs/data.md does.")
    ] = None,
) -> None:
    """Check splits, drop near-duplicates, measure leakage; write labels.csv, dropped.csv and contact sheets."""
    from edge_detect.document import check_markers, replace_between
    from training.sources import tables
    from training.sources.check import check as run

    if report:
        check_markers(report, "sources", "descriptions")
    outcome = run(root, beside or [])
    text = tables.report(outcome)
    if report:
        replace_between(report, "sources", text)
        replace_between(report, "descriptions", tables.described())
    typer.echo(text)


@app.command(cls=Verb)
def originals(
    sources: Annotated[list[str], typer.Argument(metavar="NAME", help="Of a source, its .toml file, or 'all'.")],
    crops: Annotated[
        Path, typer.Option(metavar="DATA", help="Labelled crops: the photos of their split 'test' are wanted.")
    ],
    clones: Annotated[Path, typer.Option(metavar="DIR", help="Folder of clones on disk, bare or not.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the photos and their labels.csv.")],
) -> None:
    """Write the whole photos behind crops, for `python -m training photos`."""
    from training.sources.originals import originals as run

    typer.echo(f"{run(sources, crops, clones, out)} photos")


def main() -> None:
    """Run a verb; errors become one line and an exit code."""
    finish(app, "training.sources")
