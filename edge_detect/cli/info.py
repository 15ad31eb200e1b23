"""`edge-detect info`: what a model is."""

import json
from typing import Annotated, Optional

import typer


def info(
    model: Annotated[
        Optional[str], typer.Argument(metavar="MODEL", help="A .tflite file or the name of a shipped model.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Show what a model is and how it scored.

    The card inside the file: what it expects, what its output means, what it was made of, its figures.
    """
    from edge_detect.card import read_packed
    from edge_detect.description import describe
    from edge_detect.models import find_model

    path = find_model(model)
    _, card = read_packed(path)
    typer.echo(json.dumps(card.to_dict(), indent=2) if as_json else describe(card, path))
