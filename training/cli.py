"""`python -m training`: fit a recipe."""

import os
from pathlib import Path
from typing import Annotated

import typer

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train and evaluate the models.")


@app.callback()
def main() -> None:
    """Train and evaluate the models."""


@app.command()
def fit(
    recipe: Annotated[Path, typer.Argument(help="TOML file in training/recipes/.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoints, history, best model.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in --out stopped.")] = False,
) -> None:
    """Train a recipe; Ctrl-C saves the state, --resume goes on."""
    from training.fit import fit as run
    from training.recipe import read_recipe

    typer.echo(run(read_recipe(recipe), out, resume=resume))
