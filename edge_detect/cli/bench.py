"""`edge-detect bench`: how fast models are on this machine."""

import json
from typing import Annotated, Optional

import typer


def bench(
    models: Annotated[
        Optional[list[str]], typer.Argument(metavar="MODEL", help=".tflite files or names of shipped models.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, metavar="N", help="How often each model is timed.")] = 200,
    threads: Annotated[int, typer.Option(min=1, metavar="N", help="Threads of the interpreter.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Time models on this machine, side by side.

    Milliseconds per answer (median and 95th percentile), and the ratio to the first. Without MODEL: the shipped
    classifier, the finder, and both together on a camera frame of 640 × 480 pixels with one face.
    """
    from edge_detect import bench as timing
    from edge_detect.detector import Detector
    from edge_detect.errors import UsageError
    from edge_detect.models import DEFAULT, FINDER, find_model
    from edge_detect.network import Network

    paths = [find_model(model) for model in models or [DEFAULT, FINDER]]
    if len(set(paths)) < len(paths):
        raise UsageError("a model is named twice; name each once")
    candidates = {str(path): timing.inference(Network.load(path, threads)) for path in paths}
    if not models:
        candidates["a frame, from pixels to verdict"] = timing.frame(Detector.load(threads=threads))
    results = timing.bench(candidates, rounds)
    if as_json:
        typer.echo(json.dumps([result.to_dict() for result in results], indent=2))
        return
    typer.echo("p50 ms  p95 ms  ratio  what")
    for result in results:
        typer.echo(f"{result.p50:6.2f}  {result.p95:6.2f}  {result.p50 / results[0].p50:5.2f}  {result.name}")
