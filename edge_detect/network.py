"""One `.tflite` model on the interpreter this machine has."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge_detect.card import Card, read_packed
from edge_detect.errors import ModelError, UsageError
from edge_detect.silence import silenced

_INSTALL = "pip install ai-edge-litert, or on 32-bit ARM: pip install 'edge-detect[legacy]'"


class Runnable(Protocol):
    """What a detector or a finder runs on: a `Network`, or in conversion the Keras model it is compared with."""

    card: Card

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for one uint8 RGB picture of shape (side, side, 3), each without its batch axis."""


class Network:
    """A loaded model: `card`, and `run` from pixels to named float32 outputs. Use one per thread."""

    def __init__(self, flatbuffer: bytes, card: Card, threads: int = 1) -> None:
        """Build an interpreter. Raises ModelError without one or where it refuses, UsageError for no threads."""
        if threads < 1:
            raise UsageError(f"a model runs on one thread or more, not on {threads}")
        self.card = card
        self._interpreter = new_interpreter(flatbuffer, threads)
        inputs = self._interpreter.get_input_details()
        self._outputs = self._interpreter.get_output_details()
        _check_shapes(card, inputs, self._outputs)
        self.input = inputs[0]

    @classmethod
    def load(cls, path: Path, threads: int = 1) -> "Network":
        """Load a packed model from a file. Raises ModelError, which names it, when it or the interpreter fails."""
        flatbuffer, card = read_packed(path)
        try:
            return cls(flatbuffer, card, threads)
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error

    def run(self, pixels: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
        """Outputs by name for one uint8 RGB picture of shape (side, side, 3), each without its batch axis."""
        self._interpreter.set_tensor(self.input["index"], quantize(pixels, self.input)[None])
        self._interpreter.invoke()
        return {name: self._output(self._outputs[index]) for name, index in self.card.outputs.items()}

    def _output(self, details: dict[str, Any]) -> NDArray[np.float32]:
        values: NDArray[Any] = self._interpreter.get_tensor(details["index"])[0]
        scale, zero_point = details["quantization"]
        if scale:
            return np.asarray((values.astype(np.float32) - zero_point) * scale, np.float32)
        return np.asarray(values, np.float32)


def quantize(pixels: NDArray[np.uint8], details: dict[str, Any]) -> NDArray[Any]:
    """Pixels as the input tensor wants them: the values 0–255 in its own type, scale and zero point."""
    kind = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    if not scale:
        return pixels.astype(kind)
    if kind == np.uint8 and scale == 1 and zero_point == 0:
        return pixels
    limits = np.iinfo(kind)
    values = np.rint(pixels.astype(np.float32) / scale) + zero_point
    return np.asarray(np.clip(values, limits.min, limits.max), kind)


def _check_shapes(card: Card, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    shape = tuple(int(side) for side in inputs[0]["shape"])
    if len(inputs) != 1 or shape != (1, card.input_side, card.input_side, 3):
        raise ModelError(f"its input has the shape {shape}, its card says {card.input_side} pixels; convert it again")
    if not all(0 <= index < len(outputs) for index in card.outputs.values()):
        raise ModelError("its card names outputs that it does not have; convert it again")
    found = math.prod(int(length) for length in outputs[card.outputs[card.output]]["shape"])
    if card.values not in (None, found):
        raise ModelError(
            f"its card speaks of {card.values} values in {card.output!r}, it has {found}; convert it again"
        )


def new_interpreter(flatbuffer: bytes, threads: int) -> Any:
    """The first runtime that is there, with the model loaded. Raises ModelError when there is none, or it refuses."""
    reasons = []
    for make in (_litert, _tflite_runtime):
        try:
            with silenced(2):  # "Created XNNPACK delegate"
                interpreter = make()(model_content=flatbuffer, num_threads=threads)
                interpreter.allocate_tensors()
            return interpreter
        except (ImportError, AttributeError) as error:  # tflite-runtime under numpy 2 fails with the latter
            reasons.append(str(error))
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"the interpreter refuses the model: {error}") from error
    raise ModelError(f"no TFLite interpreter can be loaded ({'; '.join(reasons)}); {_INSTALL}")


def _litert() -> Callable[..., Any]:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter  # type: ignore[no-any-return]


def _tflite_runtime() -> Callable[..., Any]:
    from tflite_runtime.interpreter import Interpreter

    return Interpreter  # type: ignore[no-any-return]
