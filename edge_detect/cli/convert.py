"""`edge-detect convert`: the neighbour `python -m convert`, run as the program that it is.

The runtime imports nothing of `convert`, which may not be installed on a small device.
"""

import runpy
import sys
from importlib.util import find_spec
from typing import Any

import typer

from edge_detect.errors import MissingExtraError

OPTIONS: dict[str, Any] = {
    "context_settings": {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    "add_help_option": False,
}


def convert(context: typer.Context) -> None:
    """Convert a Keras image classifier to small TFLite models.

    The same as python -m convert; edge-detect convert --help shows its options.
    """
    if find_spec("convert") is None:
        raise MissingExtraError("converting", "train")
    sys.argv = ["edge-detect convert", *context.args]
    runpy.run_module("convert", run_name="__main__")
