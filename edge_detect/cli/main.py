"""`edge-detect`: the verbs put together."""

import re
import sys
from itertools import pairwise
from typing import Annotated

import typer

from edge_detect import __version__
from edge_detect.cli.bench import bench
from edge_detect.cli.calibrate import calibrate
from edge_detect.cli.cameras import cameras
from edge_detect.cli.compare import compare
from edge_detect.cli.convert import OPTIONS, convert
from edge_detect.cli.evaluate import evaluate
from edge_detect.cli.evaluate_faces import evaluate_faces
from edge_detect.cli.gradio import gradio
from edge_detect.cli.help import Verb
from edge_detect.cli.info import info
from edge_detect.cli.process import finish
from edge_detect.cli.scan import scan
from edge_detect.cli.serve import serve
from edge_detect.cli.watch import watch
from edge_detect.errors import UsageError

app = typer.Typer(
    name="edge-detect",
    help="Spot deepfakes with small TFLite models, on small devices, without sending a picture anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (scan, watch, cameras, serve, gradio, calibrate, info, bench, evaluate, evaluate_faces, compare):
    app.command(cls=Verb)(verb)
app.command(**OPTIONS)(convert)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"edge-detect {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Spot deepfakes with small TFLite models, on small devices, without sending a picture anywhere."""


def main() -> None:
    """Run the command line and end the process with one of the documented exit codes."""
    finish(_run, "edge-detect")


def _run() -> None:
    """Raises UsageError for an empty argument: as a path, it would be the working directory."""
    for before, argument in pairwise(sys.argv):
        if re.fullmatch(r"(--[\w-]+=)?", argument):
            raise UsageError(f"the argument after {argument or before} is empty: give it a value, or leave it out")
    app()
