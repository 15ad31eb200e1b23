"""`edge-detect gradio`: try models by hand."""

from typing import Annotated, Optional

import typer

from edge_detect.cli import options
from edge_detect.cli.process import end
from edge_detect.errors import ExitCode


def gradio(
    model: Annotated[
        Optional[list[str]],
        typer.Option(
            "--model", "-m", metavar="MODEL", help="A .tflite classifier beside the shipped ones; repeatable."
        ),
    ] = None,
    finder: options.Finder = None,
    port: Annotated[int, typer.Option(min=0, max=65535, metavar="PORT", help="0 for a free one.")] = 7860,
) -> None:
    """Try models by hand, on a page of this machine: a picture or the webcam, boxes, heatmap, record.

    Says on stderr where, once it answers. Nothing is asked of or sent to anyone else. Ctrl-C and SIGTERM end it.
    """
    from edge_detect.extras import require

    require("edge-detect gradio", "gradio", "gradio")

    from edge_detect.serve.trials import serve_trials

    serve_trials(model or (), finder, port)
    end(ExitCode.OK)  # what is still being decoded is of use to nobody
