"""`edge-detect convert` and `python -m convert`: a trained Keras model to packed `.tflite` files."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal, Optional

import typer

from convert.recipes import DEFAULT, PURPOSES
from edge_detect.cli.help import Verb
from edge_detect.errors import UsageError

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _explain(asked: bool) -> None:
    if asked:
        typer.echo("\n".join(f"{name:<9} {purpose}" for name, purpose in PURPOSES.items()))
        raise typer.Exit


@app.command(cls=Verb)
def convert(
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A .keras or .h5 file, or a SavedModel; its card (.json) beside it.")
    ],
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DATA",
            help="Labelled pictures: a folder with labels.csv, or with one for each label; scenes for a finder. "
            "Scales come from the split train, the gate's verdict from val.",
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the converted models.")],
    to: Annotated[
        str, typer.Option(metavar="RECIPE,…", help="What to convert to; --list says what there is.")
    ] = DEFAULT,
    labels: Annotated[
        Optional[str],
        typer.Option(
            metavar="A,B,…", help="Without a card: labels in the order of the outputs. Default: the folders of --data."
        ),
    ] = None,
    normalise: Annotated[
        Optional[Literal["0..1", "-1..1", "imagenet", "none"]],
        typer.Option(
            metavar="RANGE",
            help="Without a card: what was done to pixels 0–255 outside the model: 0..1 (default), -1..1, imagenet, or "
            "none (default of integers).",
        ),
    ] = None,
    crop: Annotated[
        Optional[Literal["whole", "face"]],
        typer.Option(
            metavar="NAME",
            help="Without a card: what the model is shown, whole or face; default: face for real and fake, else whole.",
        ),
    ] = None,
    side: Annotated[
        Optional[int],
        typer.Option(min=8, metavar="N", help="Without a card: pixels a side, where the model leaves them open."),
    ] = None,
    name: Annotated[
        Optional[str],
        typer.Option(metavar="NAME", help="Without a card: what the model is called; default: its file."),
    ] = None,
    calibrate: Annotated[int, typer.Option(metavar="N", min=2, help="Pictures that set the integer scales.")] = 300,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Which pictures those are.")] = 1,
    keep_float: Annotated[
        Optional[str],
        typer.Option(metavar="LAYER,…", help="int8: layers to leave in float32, as --explain names them."),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Print which layers lose most in int8.")] = False,
    max_drop: Annotated[
        float, typer.Option(metavar="X", help="AUC, top-1 or a finder's AP that a conversion may lose.")
    ] = 0.01,
    max_mean_error: Annotated[float, typer.Option(metavar="X", help="Mean difference of a score, 0–1.")] = 0.03,
    max_error: Annotated[float, typer.Option(metavar="X", help="Largest difference of a score, 0–1.")] = 0.25,
    max_flips: Annotated[
        float, typer.Option(metavar="X", help="Share of pictures whose verdict or label may change.")
    ] = 0.05,
    min_xnnpack: Annotated[float, typer.Option(metavar="X", help="Least share of operators on XNNPACK.")] = 0.7,
    legacy: Annotated[
        Optional[str],
        typer.Option(
            metavar="PYTHON", help="A Python with tflite-runtime 2.14, or none; default: what `make legacy` makes."
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", callback=_explain, is_eager=True, help="Say what each recipe is for, and exit.")
    ] = False,
) -> None:
    """Convert a Keras image classifier; refuse to write a model that lost accuracy on the way.

    Exit codes: 0 written, 1 the gate refused a model (nothing is written), 2 wrong usage, 70 internal error, 130
    interrupted.
    """
    recipes = _listed("--to", to)
    unknown = [recipe for recipe in recipes if recipe not in PURPOSES]
    if unknown:
        raise UsageError(f"unknown recipe {', '.join(unknown)}; there are {', '.join(PURPOSES)} (--list explains them)")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

    from convert import legacy as old
    from convert.gate import Limits
    from convert.pipeline import Plan, convert_model
    from convert.source import Said

    said = Said(_listed("--labels", labels) or None, crop, normalise, side, name)
    limits = Limits(max_drop, max_mean_error, max_error, max_flips, min_xnnpack)
    kept = _listed("--keep-float", keep_float)
    python = Path(legacy) if legacy else old.PYTHON
    if legacy not in (None, "none") and not python.exists():
        raise UsageError(f"there is no {legacy}: name a Python with tflite-runtime, or --legacy none to leave it out")
    asked = None if legacy == "none" else python
    plan = Plan(recipes, tuple(data), calibrate, seed, limits, said, kept, explain, asked)
    for path in convert_model(model, plan, out):
        typer.echo(path)


def _listed(option: str, text: str | None) -> tuple[str, ...]:
    """What an option names, with commas between. Raises UsageError where a name is empty or there twice."""
    names = tuple(name.strip() for name in text.split(",")) if text is not None else ()
    if "" in names or len(set(names)) < len(names):
        raise UsageError(f"{option} takes names with commas between, each once, and none of them empty; not {text!r}")
    return names


def main() -> None:
    """Run the command under the name it was called by."""
    from edge_detect.cli.process import finish

    program = sys.argv[0] if sys.argv[0].startswith("edge-detect") else "python -m convert"
    finish(lambda: app(prog_name=program), "edge-detect convert" if program != "python -m convert" else "convert")
