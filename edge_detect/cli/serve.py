"""`edge-detect serve`: the page and the HTTP API."""

import os
from pathlib import Path
from typing import Annotated, Optional

import typer

from edge_detect.cli import options
from edge_detect.cli.process import end
from edge_detect.errors import ExitCode
from edge_detect.serve.limits import MAX_BYTES, MAX_PIXELS, QUEUE


def serve(
    host: Annotated[
        str, typer.Option(metavar="HOST", help="The address to listen on. Any but this machine's own needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0 for a free one.")] = 8000,
    token_file: Annotated[
        Optional[Path],
        typer.Option(metavar="FILE", help="Ask for the token in this file: Authorization: Bearer TOKEN."),
    ] = None,
    allow_host: Annotated[
        Optional[list[str]],
        typer.Option(metavar="NAME", help="Another name that requests may ask for, as behind a proxy; repeatable."),
    ] = None,
    cors: Annotated[
        Optional[list[str]],
        typer.Option(
            metavar="ORIGIN", help="Let pages of another origin use the API, https://example.org; repeatable."
        ),
    ] = None,
    model: options.Model = None,
    finder: options.Finder = None,
    whole_image: options.WholeImage = False,
    small_faces: options.SmallFaces = False,
    fpr: options.Fpr = None,
    workers: options.Workers = None,
    queue: Annotated[
        int, typer.Option(min=0, metavar="N", help="Requests that may wait for a worker; more get a 503.")
    ] = QUEUE,
    max_bytes: Annotated[int, typer.Option(min=1, metavar="N", help="Bytes of a request at most.")] = MAX_BYTES,
    max_pixels: Annotated[int, typer.Option(min=1, metavar="N", help="Pixels of a picture at most.")] = MAX_PIXELS,
) -> None:
    """Serve a page that scores pictures in the browser, and an HTTP API that scores them here.

    Says on stderr where, once it answers. Ctrl-C and SIGTERM end it when requests under way are answered, after
    40 s at most.
    """
    options.check_search(whole_image=whole_image, small_faces=small_faces, finder=finder)

    from edge_detect.extras import require

    require("edge-detect serve", "serve", "fastapi", "uvicorn", "python_multipart", "prometheus_client")

    from edge_detect.card import read_packed
    from edge_detect.labeller import load_inspector
    from edge_detect.models import FINDER, find_model
    from edge_detect.serve.limits import Limits
    from edge_detect.serve.server import serve as run
    from edge_detect.serve.token import read_token

    how = {"finder": finder, "whole_image": whole_image, "small_faces": small_faces, "fpr": fpr}
    run(
        [load_inspector(model, **how) for _ in range(workers or os.cpu_count() or 1)],
        None if whole_image else read_packed(find_model(finder or FINDER))[1],
        Limits(max_bytes, max_pixels, queue),
        host=host,
        port=port,
        token=read_token(token_file) if token_file else None,
        names=allow_host or (),
        origins=cors or (),
    )
    end(ExitCode.OK)  # what is still being decoded is of use to nobody
