"""Which layer loses most in int8: each by itself, on the same inputs, in float32 and in int8."""

import csv
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.conversion import converter, layer_name, saved
from convert.equalisation import equalised
from convert.recipes import Recipe
from edge_detect.table import aligned

_PICTURES = 16
_SHOWN = 8


@dataclass(frozen=True)
class Loss:
    """A layer, and its signal-to-quantization-noise ratio in decibels: 6 dB are a bit; below 20 it is poor."""

    layer: str
    kind: str
    sqnr: float


def losses(
    model: Any, recipe: Recipe, side: int, pixels: NDArray[np.uint8], keep_float: Sequence[str] = ()
) -> list[Loss]:
    """The layers of a model that int8 costs something, worst first, by TensorFlow's own quantization debugger.

    Layers in `keep_float` are left out, as they are not quantized.
    """
    import tensorflow as tf

    options = tf.lite.experimental.QuantizationDebugOptions(
        layer_direct_compare_metrics={"signal": _signal, "noise": _noise}
    )
    with equalised(model, pixels), saved(model, side, integer=True) as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it runs on TensorFlow's deprecated interpreter
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter(folder, recipe, pixels),
            debug_dataset=lambda: ([picture[None].astype(np.float32)] for picture in pixels[:_PICTURES]),
            debug_options=options,
        )
        debugger.run()
        text = io.StringIO()
        debugger.layer_statistics_dump(text)
    found = []
    for row in csv.DictReader(io.StringIO(text.getvalue())):
        signal, noise = float(row["signal"]), float(row["noise"])
        if noise > 0 and signal > 0:
            layer = layer_name(row["tensor_name"], model)
            found.append(Loss(layer, row["op_name"], 10 * float(np.log10(signal / noise))))
    return sorted((loss for loss in found if loss.layer not in keep_float), key=lambda loss: loss.sqnr)


def table(found: Sequence[Loss]) -> str:
    """The layers that lose most, for the terminal."""
    rows = [(loss.layer, loss.kind, f"{loss.sqnr:.1f} dB") for loss in found[:_SHOWN]]
    more = f"\n(and {len(found) - _SHOWN} layers that lose less)" if len(found) > _SHOWN else ""
    return aligned(("layers that lose most in int8 (--keep-float)", "operator", "SQNR"), rows) + more


def _signal(exact: NDArray[Any], _quantized: NDArray[Any], _scale: float, _zero_point: int) -> float:
    return float(np.square(exact, dtype=np.float64).mean())


def _noise(exact: NDArray[Any], quantized: NDArray[Any], scale: float, zero_point: int) -> float:
    return float(np.square((quantized.astype(np.float64) - zero_point) * scale - exact).mean())
