"""`edge-detect`: the verbs put together, and errors turned into messages and exit codes."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge_detect import __version__
from edge_detect.cli.bench import bench
from edge_detect.cli.calibrate import calibrate
from edge_detect.cli.cameras import cameras
from edge_detect.cli.evaluate import evaluate
from edge_detect.cli.evaluate_faces import evaluate_faces
from edge_detect.cli.info import info
from edge_detect.cli.scan import scan
from edge_detect.cli.watch import watch
from edge_detect.errors import EdgeDetectError, ExitCode

app = typer.Typer(
    name="edge-detect",
    help="Spot deepfakes with small TFLite models, on small devices, without sending a picture anywhere.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(scan)
app.command()(watch)
app.command()(cameras)
app.command()(calibrate)
app.command()(info)
app.command()(bench)
app.command()(evaluate)
app.command()(evaluate_faces)


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
    for name in ("stdin", "stdout", "stderr"):  # closed by the caller, as with `>&-`
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what is wrong with a picture stands in its result
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # nor of a stream, each time it is tried again
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")  # pictures are scored in parallel instead
    try:
        app()
    except EdgeDetectError as error:
        typer.echo(f"edge-detect: {error}", err=True)
        sys.exit(ExitCode.USAGE)
    except OSError as error:
        typer.echo(f"edge-detect: {error.filename or 'the results cannot be written'}: {error.strerror}", err=True)
        sys.exit(ExitCode.INTERNAL)
    except Exception as error:
        if os.environ.get("EDGE_DETECT_DEBUG"):
            raise
        typer.echo(
            f"edge-detect: internal error: {type(error).__name__}: {error}\n"
            "This is a bug; EDGE_DETECT_DEBUG=1 shows where it happened.",
            err=True,
        )
        sys.exit(ExitCode.INTERNAL)
