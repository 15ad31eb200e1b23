"""From a Keras model to a TFLite flatbuffer."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.equalisation import equalised
from convert.recipes import Recipe
from convert.rounding import DYNAMIC_LEAST, rounded
from edge_detect.errors import UsageError
from edge_detect.silence import silenced

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def to_flatbuffer(
    model: Any, recipe: Recipe, side: int, pixels: NDArray[np.uint8], keep_float: Sequence[str] = ()
) -> tuple[bytes, list[str]]:
    """Convert a Keras model that takes RGB 0–255 (n, side, side, 3) and gives a dict of outputs.

    pixels: representative pictures (n, side, side, 3), which set the scales where the recipe is calibrated; keep_float:
    layers that an int8 model is to compute in float32, by the names that `layers.losses` gives. Weights that become
    int8 are rounded with their sums, of an int8 model after its channels were equalised; the model is left as it was.
    Returns the flatbuffer, whose input is (1, side, side, 3) in the recipe's type, and the output names in the order of
    its output tensors. Raises UsageError when there is no such layer, the converter refuses the model, or the temporary
    folder is full.
    """
    from tensorflow.lite.python.convert import ConverterError

    integer = recipe.activations == "int8"
    with contextlib.ExitStack() as stack:
        if integer:
            stack.enter_context(equalised(model, pixels))
        unrounded = stack.enter_context(saved(model, side, integer=True)) if integer and keep_float else None
        if recipe.weights == "int8":
            stack.enter_context(rounded(model, 1 if recipe.calibrated else DYNAMIC_LEAST))
        folder = stack.enter_context(saved(model, side, integer=integer))
        try:
            if unrounded:
                calibrated = _calibrated(converter(folder, recipe, pixels))
                trained = _calibrated(converter(unrounded, recipe, pixels[:1]))
                flatbuffer = _quantized_in_part(calibrated, trained, recipe, keep_float, model)
            else:
                flatbuffer = converter(folder, recipe, pixels).convert()
        except (ConverterError, RuntimeError, ValueError) as error:  # the converter's own, with a page of MLIR
            first = next((line for line in str(error).splitlines() if line.strip()), "no reason given")
            reason = first.rsplit(")): ", maxsplit=1)[-1]  # behind the places in the graph, one in the other
            raise UsageError(f"TensorFlow's converter refuses the model: {reason}") from error
    return flatbuffer, _output_order(flatbuffer)


def _calibrated(found: Any) -> bytes:
    """The first of the converter's two steps, of which it does both or none: a float model with ranges."""
    found._experimental_calibrate_only = True
    calibrated: bytes = found.convert()
    return calibrated


def _quantized_in_part(
    calibrated: bytes, trained: bytes, recipe: Recipe, keep_float: Sequence[str], model: Any
) -> bytes:
    """The second step, for all but some layers; these have the weights of the same model before it was rounded."""
    import tensorflow as tf
    from tensorflow.lite.python.convert import mlir_quantize

    tensors = layer_tensors(calibrated, model)
    unknown = [layer for layer in keep_float if layer not in tensors]
    if unknown:
        raise UsageError(f"there is no layer {', '.join(unknown)} to keep in float32; there are {', '.join(tensors)}")
    kept = [tensor for layer in keep_float for tensor in tensors[layer]]
    quantized: bytes = mlir_quantize(
        _with_constants_of(trained, calibrated, kept),
        fully_quantize=False,
        input_data_type=tf.dtypes.as_dtype(recipe.given),
        output_data_type=tf.dtypes.as_dtype(recipe.answered),
        denylisted_nodes=kept,
    )
    return quantized


def _with_constants_of(other: bytes, flatbuffer: bytes, answered: Sequence[str]) -> bytes:
    """A flatbuffer whose operators that answer these tensors have the constants of another of the same graph."""
    from tensorflow.lite.tools import flatbuffer_utils

    model, source = (flatbuffer_utils.convert_bytearray_to_object(bytearray(data)) for data in (flatbuffer, other))
    ours, theirs = model.subgraphs[0], source.subgraphs[0]
    for one, two in zip(ours.operators, theirs.operators, strict=True):
        if ours.tensors[one.outputs[0]].name.decode() in answered:
            for to, given in zip(one.inputs, two.inputs, strict=True):
                if to >= 0:  # below is what the operator does without, as a bias
                    model.buffers[ours.tensors[to].buffer].data = source.buffers[theirs.tensors[given].buffer].data
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def layer_tensors(flatbuffer: bytes, model: Any) -> dict[str, list[str]]:
    """Layers of a float model in order, with the names of the tensors that each answers; model: what it was made of.

    A layer of several operators has several, and so have layers of one name, in models that are layers of others.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0)).subgraphs[0]
    found = [graph.tensors[operator.outputs[0]].name.decode() for operator in graph.operators]
    tensors: dict[str, list[str]] = {}
    for tensor in found:
        tensors.setdefault(layer_name(tensor, model), []).append(tensor)
    return tensors


def layer_name(tensor: str, model: Any) -> str:
    """What a Keras model calls a layer, by the tensor it answers: that output's name, if it is one.

    Else the innermost scope of the first operation in it that is called as a layer, or the innermost if none is.
    """
    names: list[str] = sorted(model.output)
    outputs = {f"StatefulPartitionedCall:{at}": name for at, name in enumerate(names)}
    if len(names) == 1:
        outputs["StatefulPartitionedCall"] = names[0]
    if tensor in outputs:
        return outputs[tensor]
    # "batchnorm" is a scope inside each normalising layer, and names none of them.
    scopes = [scope for scope in tensor.rsplit(";", maxsplit=1)[-1].split("/") if scope != "batchnorm"]
    around = scopes[:-1][::-1] or scopes
    layers = {each.name for each in model._flatten_layers() if each is not model}
    # Keras opens a layer's scope to build it, so that of its first call is the second of that name: "look_1" of "look".
    return next((layer for scope in around if (layer := scope.removesuffix("_1")) in layers), around[0])


@contextlib.contextmanager
def saved(model: Any, side: int, *, integer: bool) -> Iterator[Path]:
    """A SavedModel of the model for one picture, while the context lasts; what is printed meanwhile goes nowhere.

    integer: its input is float32 in place of uint8, so that the converter itself quantizes it: scale 1, zero point 0.
    """
    import keras
    import tensorflow as tf

    names = sorted(model.output)

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec((1, side, side, 3), tf.float32 if integer else tf.uint8, name="pixels")]
    )
    def serve(pixels: Any) -> dict[str, Any]:
        outputs = model(tf.cast(pixels, tf.float32), training=False)
        return {name: outputs[name] for name in names}

    with tempfile.TemporaryDirectory() as folder, silenced(1, 2):
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint("serving_default", serve)
        try:
            archive.write_out(folder, verbose=False)
        except tf.errors.OpError as error:  # what TensorFlow raises in place of OSError
            raise UsageError(
                f"nothing can be written to the temporary folder {tempfile.gettempdir()} ({error.message}): free space "
                "there, or set TMPDIR to another"
            ) from error
        yield Path(folder)


def converter(folder: Path, recipe: Recipe, pixels: NDArray[np.uint8]) -> Any:
    """TensorFlow's converter, set to a recipe."""
    import tensorflow as tf

    found = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if recipe.weights != "float32":
        found.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.weights == "float16":
        found.target_spec.supported_types = [tf.float16]
    if recipe.calibrated:
        found.representative_dataset = lambda: _feed(recipe, pixels)
    if recipe.activations == "int8":
        found.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        found.inference_input_type = tf.dtypes.as_dtype(recipe.given)
        found.inference_output_type = tf.dtypes.as_dtype(recipe.answered)
    elif recipe.activations == "int16":
        found.target_spec.supported_ops = [
            tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8,
            tf.lite.OpsSet.TFLITE_BUILTINS,  # for what has no int16 kernel, as SPACE_TO_DEPTH
        ]
    return found


def _feed(recipe: Recipe, pixels: NDArray[np.uint8]) -> Iterator[list[NDArray[Any]]]:
    """The representative dataset as the converter takes it, with both ends of the range: the input scale is 1."""
    ends = pixels.copy()
    ends[0, 0, 0], ends[0, 0, 1] = 0, 255
    kind = np.float32 if recipe.activations == "int8" else np.uint8
    return ([picture[None].astype(kind)] for picture in ends)


def _output_order(flatbuffer: bytes) -> list[str]:
    """Names of the output tensors in order, through the signature: positions alone are not kept by the converter."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=flatbuffer)
    tensors = [details["index"] for details in interpreter.get_output_details()]
    signature = interpreter.get_signature_runner("serving_default").get_output_details()
    by_tensor = {details["index"]: name for name, details in signature.items()}
    return [by_tensor[index] for index in tensors]
