"""`python -m training`: fit a recipe, compare variants of it, calibrate a converted model, evaluate it."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from edge_detect.cli.help import Verb
from edge_detect.cli.process import finish

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # also where TensorFlow's default is not, without AVX-512
os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")  # pictures are spread over the cores, not parts of one picture
app = typer.Typer(
    name="training",
    help="Train, calibrate and evaluate the models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[
    list[Path],
    typer.Option(
        metavar="DATA",
        help="Labelled pictures: a folder with labels.csv, or with real/ and fake/; for a finder, scenes.",
    ),
]
Models = Annotated[list[Path], typer.Argument(metavar="MODEL", help="Packed .tflite files.")]


@app.command(cls=Verb)
def fit(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, as in training/recipes/.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the run: checkpoint, history, best model.")],
    data: Annotated[
        list[Path] | None, typer.Option(metavar="DATA", help="Labelled pictures instead of the recipe's.")
    ] = None,
    scenes: Annotated[
        Path | None, typer.Option(metavar="SCENES", help="Pictures with face boxes instead of the recipe's.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in --out stopped.")] = False,
    other_pictures: Annotated[
        bool, typer.Option("--other-pictures", help="With --resume: also if the pictures changed; the card tells.")
    ] = False,
) -> None:
    """Train a recipe; Ctrl-C saves the state, --resume goes on."""
    from training.fit import fit as run
    from training.recipe import read_recipe

    plan = read_recipe(recipe)
    if data:
        plan = dataclasses.replace(plan, manifests=tuple(data))
    if scenes:
        plan = dataclasses.replace(plan, scenes=scenes)
    typer.echo(run(plan, out, resume=resume, other_pictures=other_pictures))


@app.command(cls=Verb)
def experiment(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A TOML file, as in training/recipes/experiments/.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the runs; what is there already is kept.")],
    data: Data,
    train: Annotated[
        list[Path] | None, typer.Option(metavar="DATA", help="Pictures to train on instead of the plan's.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the markers <!-- PLAN --> for the table.")
    ] = None,
) -> None:
    """Train variants of a recipe alike, and measure them alike: AUC by source, with what each gains over the first."""
    from training import experiments

    asked = experiments.read_experiment(plan, train or ())

    def found() -> str:
        models = experiments.run(asked, out)
        return experiments.tabulate(asked, models, experiments.measure(models, data))

    _tell(found, plan.stem, report)


@app.command(cls=Verb)
def average(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL", help="Trained .keras files, their cards beside.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for best.keras, best.json and history.csv.")],
    version: Annotated[str, typer.Option(metavar="X.Y.Z", help="What the card is to say of the mean.")],
) -> None:
    """Make one model of several that went on from the same weights: the mean of theirs."""
    from training.average import average_models

    typer.echo(average_models(models, out, version))


@app.command(cls=Verb)
def reading(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A trained .keras file, card and history beside it.")],
    data: Data,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for best.keras, best.json and history.csv.")],
    version: Annotated[str, typer.Option(metavar="X.Y.Z", help="What the card is to say of the new model.")],
    patches_only: Annotated[
        bool, typer.Option("--patches-only", help="Let the whole count only where it is far above its patches.")
    ] = False,
) -> None:
    """Fit again how the logit reads the features, on the split `val`; all else of the network stays."""
    from training.reading import fit_reading

    typer.echo(fit_reading(model, data, out, version, patches_only))


@app.command(cls=Verb)
def shrink(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A trained .keras file, its card beside it.")],
    data: Data,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for best.keras and best.json.")],
    widths: Annotated[str, typer.Option(metavar="A,B,C", help="Channels at a stride of 4, 8 and 16, as in 32,48,96.")],
    name: Annotated[str, typer.Option(metavar="NAME", help="What the card is to call the new model.")],
) -> None:
    """Make a narrower network that begins close to a trained one, for a recipe to begin from."""
    from training.shrink import shrink as run

    try:
        channels = [int(width) for width in widths.split(",")]
    except ValueError as error:
        raise typer.BadParameter(f"{widths!r} are no three numbers with commas between") from error
    typer.echo(run(model, data, out, channels, name))


@app.command(cls=Verb)
def release(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of a mean.")],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the released model: NAME.keras and its card, its history.")
    ],
) -> None:
    """Take the best model of a run over, small enough to be kept, and draw the history of all its versions."""
    from training.release import release as take

    typer.echo(take(run, out))


@app.command(cls=Verb)
def reconstruct(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the fakes and their labels.csv.")],
    data: Data,
    decoder: Annotated[
        str, typer.Option(metavar="NAME", help="How it scales up: transposed, nearest or shuffle.")
    ] = "nearest",
    steps: Annotated[int, typer.Option(metavar="N", min=1, help="Of its training.")] = 4000,
    pictures: Annotated[int, typer.Option(metavar="N", min=1, help="How many real faces to reconstruct.")] = 3000,
    split: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Whose faces: train (default), test, to see what is told of this decoder."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of weights, windows and the choice of faces.")] = 1,
) -> None:
    """Make fakes by passing real faces through a small autoencoder, which learns from real training faces."""
    from training.reconstruct import reconstruct as run

    typer.echo(run(data, out, decoder, steps=steps, pictures=pictures, seed=seed, splits=split or ["train"]))


@app.command(cls=Verb)
def calibrate(models: Models, data: Data) -> None:
    """Fit calibration and thresholds on the split `val`, into each model's card."""
    from edge_detect.description import describe_meaning
    from training.calibrate import calibrate as run

    for path in models:
        card = run(path, data)
        typer.echo("\n".join([str(path), *describe_meaning(card)]))


@app.command(cls=Verb)
def evaluate(
    models: Models,
    data: Data,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of metrics.json and the model card, README.md.")],
    readme: Annotated[Path | None, typer.Option(metavar="FILE", help="Another file that shows the overview.")] = None,
    together: Annotated[
        list[str] | None, typer.Option(metavar="A+B", help="Sources to measure as one, too, where the data have them.")
    ] = None,
) -> None:
    """Measure models on splits that no training sees; write metrics.json and the tables that show it."""
    from training.evaluate import evaluate as run

    typer.echo(run(models, data, out, readme, [names.split("+") for names in together or ()]))


@app.command(cls=Verb)
def photos(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A packed classifier.")],
    crops: Annotated[Path, typer.Option(metavar="DATA", help="A folder with labels.csv: face crops, cut beforehand.")],
    photos: Annotated[
        Path, typer.Option(metavar="DATA", help="The same for the whole photos they were cut from, by equal groups.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the markers <!-- photos --> for the table.")
    ] = None,
) -> None:
    """Measure what finding the face costs: AUC of whole photos against that of crops of the same."""
    from training.photos import compare

    _tell(lambda: compare(model, crops, photos), "photos", out)


@app.command(cls=Verb)
def clips(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A packed classifier.")],
    data: Annotated[
        Path, typer.Option(metavar="DATA", help="A folder of videos with labels.csv: file, label, method, target.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the markers <!-- clips --> for the table.")
    ] = None,
) -> None:
    """Measure whole clips: how many fakes score above the original they were made from."""
    from training.clips import compare

    _tell(lambda: compare(model, data), "clips", out)


@app.command(cls=Verb)
def judged(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A packed classifier.")],
    data: Annotated[
        Path, typer.Option(metavar="DATA", help="The folder that `python -m training.sources check` checked.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the markers <!-- judged --> for the table.")
    ] = None,
) -> None:
    """Measure on the sources that are judged by only: other makers, none of whose pictures any model learnt from."""
    from training.judged import compare

    _tell(lambda: compare(model, data), "judged", out)


def _tell(measure: Callable[[], str], name: str, document: Path | None) -> None:
    """Print a table, and write it between the markers of its name, after a look whether the document has them."""
    from edge_detect.document import check_markers, replace_between

    if document:
        check_markers(document, name)
    found = measure()
    if document:
        replace_between(document, name, found)
    typer.echo(found)


def main() -> None:
    """Run a verb; errors become one line and an exit code."""
    finish(app, "training")
