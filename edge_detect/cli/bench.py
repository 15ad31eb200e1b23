"""`edge-detect bench`: how fast models are on this machine."""

from typing import Annotated, Optional

import typer


def bench(
    models: Annotated[
        Optional[list[str]], typer.Argument(metavar="MODEL", help=".tflite files or names of shipped models.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each model is timed.")] = 200,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the interpreter.")] = 1,
) -> None:
    """Time models on this machine, side by side.

    Milliseconds per crop (median and 95th percentile), and the ratio to the first.
    """
    from edge_detect.bench import bench as run
    from edge_detect.models import DEFAULT, find_model
    from edge_detect.network import Network

    paths = [find_model(model) for model in models or [DEFAULT]]
    results = run({str(path): Network.load(path, threads) for path in paths}, rounds)
    typer.echo("p50 ms  p95 ms  ratio  model")
    for result in results:
        typer.echo(f"{result.p50:6.2f}  {result.p95:6.2f}  {result.p50 / results[0].p50:5.2f}  {result.name}")
