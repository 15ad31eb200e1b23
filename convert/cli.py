"""`python -m convert`: a trained `.keras` model to packed `.tflite` files."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from convert.recipes import RECIPES
from edge_detect.errors import EdgeDetectError, ExitCode, UsageError

app = typer.Typer(add_completion=False, context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A .keras file with its card (.json) beside it.")],
    data: Annotated[
        list[Path],
        typer.Option(help="Labelled pictures, or scenes for a finder: scales from train, the gate from val."),
    ],
    out: Annotated[Path, typer.Option(help="Folder for the .tflite files.")],
    to: Annotated[str, typer.Option(help=f"Comma-separated: {', '.join(RECIPES)}.")] = "float32,int8",
    calibrate: Annotated[int, typer.Option(metavar="N", min=2, help="Pictures that set the int8 scales.")] = 300,
    seed: Annotated[int, typer.Option(help="Which pictures those are.")] = 1,
    max_drop: Annotated[float, typer.Option(help="AUC, or AP of a finder, that a conversion may lose.")] = 0.01,
) -> None:
    """Convert a trained model; refuse to write one that lost accuracy on the way."""
    unknown = [name for name in to.split(",") if name not in RECIPES]
    try:
        if unknown:
            raise UsageError(f"unknown recipe {', '.join(unknown)}; there are {', '.join(RECIPES)}")
        from convert.pipeline import convert_model

        convert_model(model, to.split(","), data, out, calibrate, seed, max_drop)
    except UsageError as error:
        typer.echo(f"convert: {error}", err=True)
        sys.exit(ExitCode.USAGE)
    except EdgeDetectError as error:
        typer.echo(f"convert: {error}", err=True)
        sys.exit(ExitCode.FLAGGED)
