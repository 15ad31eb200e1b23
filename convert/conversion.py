"""From a Keras model to a TFLite flatbuffer."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np

from convert.recipes import Recipe
from convert.representative import Representative

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def to_flatbuffer(
    model: Any, recipe: Recipe, side: int, representative: Representative | None
) -> tuple[bytes, list[str]]:
    """Convert a Keras model that takes RGB 0–255 (n, side, side, 3) and gives a dict of outputs.

    The result takes uint8 (1, side, side, 3) and gives float32, whatever the recipe. Returns the flatbuffer and the
    output names in the order of its output tensors.
    """
    import keras
    import tensorflow as tf

    # The integer graph starts in float32 so that the converter itself quantizes the input: scale 1, zero point 0.
    kind = tf.float32 if recipe.integer else tf.uint8
    names = sorted(model.output)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec((1, side, side, 3), kind, name="pixels")]
    )
    def serve(pixels: Any) -> dict[str, Any]:
        outputs = model(tf.cast(pixels, tf.float32), training=False)
        return {name: outputs[name] for name in names}

    with tempfile.TemporaryDirectory() as folder, _quiet_stdout():
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serving_default", serve)
        archive.write_out(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if recipe.integer:
            assert representative is not None
            pixels = representative.pixels.astype(np.float32)
            pixels[0, 0, 0], pixels[0, 0, 1] = 0, 255  # both ends of the range, so that the input scale is exactly 1
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([picture[None]] for picture in pixels)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
        flatbuffer: bytes = converter.convert()
    return flatbuffer, _output_order(flatbuffer, names)


def _output_order(flatbuffer: bytes, names: list[str]) -> list[str]:
    """Names of the output tensors in order, through the signature: positions alone are not kept by the converter."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=flatbuffer)
    tensors = [details["index"] for details in interpreter.get_output_details()]
    signature = interpreter.get_signature_runner("serving_default").get_output_details()
    by_tensor = {details["index"]: name for name, details in signature.items()}
    return [by_tensor[index] for index in tensors]


@contextlib.contextmanager
def _quiet_stdout() -> Iterator[None]:
    """Send file descriptor 1 to stderr: the converter prints there, and stdout is for results."""
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
