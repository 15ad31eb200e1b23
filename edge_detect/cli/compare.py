"""`edge-detect compare`: two models side by side."""

import typer


def compare() -> None:
    """To come."""
    typer.echo("")
