"""A tiny but real TFLite classifier, built without TensorFlow from the schema that LiteRT brings along.

It averages the picture and takes a weighted sum of the three channels: the redder, the faker.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_detect.card import Calibration, Card, Thresholds, pack

SIDE = 16


def card(**changes) -> Card:
    values = {
        "name": "tiny",
        "version": "1.0",
        "description": "Calls red pictures fake.",
        "kind": "classifier",
        "input_side": SIDE,
        "output": "logit",
        "outputs": {"logit": 0},
        "precision": "float32",
        "calibration": Calibration(1.0, 0.0, "nothing"),
        "thresholds": Thresholds(0.4, 0.6, "nothing"),
        "licence": "for tests",
    }
    return Card(**{**values, **changes})


def packed(kind: str = "float32", **changes) -> bytes:
    return pack(flatbuffer(kind), card(**changes))


def flatbuffer(kind: str = "float32", scale: float = 1.0, zero_point: int = 0) -> bytes:  # noqa: PLR0915 - one graph, in its order
    """A model (1, SIDE, SIDE, 3) → (1, 1) with input of type `kind`: float32, uint8 or int8 (with quantization)."""
    model = schema.ModelT()
    model.version = 3
    model.buffers = [schema.BufferT()]
    graph = schema.SubGraphT()
    graph.tensors = []

    def tensor(shape, tensor_type, data=None, quantization=None) -> int:
        entry = schema.TensorT()
        entry.shape, entry.type, entry.name = list(shape), tensor_type, f"t{len(graph.tensors)}".encode()
        entry.quantization = quantization
        entry.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            model.buffers.append(buffer)
            entry.buffer = len(model.buffers) - 1
        graph.tensors.append(entry)
        return len(graph.tensors) - 1

    model.operatorCodes = []

    def operator(code, inputs, outputs, options_type=0, options=None):
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 2
        model.operatorCodes.append(entry)
        op = schema.OperatorT()
        op.opcodeIndex = len(model.operatorCodes) - 1
        op.inputs, op.outputs = inputs, outputs
        op.builtinOptionsType, op.builtinOptions = options_type, options
        graph.operators.append(op)

    graph.operators = []
    types, options = schema.TensorType, schema.BuiltinOptions
    shape = (1, SIDE, SIDE, 3)
    floats = tensor(shape, types.FLOAT32)
    given = floats
    if kind != "float32":
        quantization = schema.QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = [scale], [zero_point]
        given = tensor(shape, {"uint8": types.UINT8, "int8": types.INT8}[kind], quantization=quantization)
        operator(schema.BuiltinOperator.DEQUANTIZE, [given], [floats])
    axes = tensor((2,), types.INT32, np.array([1, 2], np.int32))
    mean = tensor((1, 3), types.FLOAT32)
    reducer = schema.ReducerOptionsT()
    reducer.keepDims = False
    operator(schema.BuiltinOperator.MEAN, [floats, axes], [mean], options.ReducerOptions, reducer)
    weights = tensor((1, 3), types.FLOAT32, np.array([[0.04, -0.02, -0.02]], np.float32))
    bias = tensor((1,), types.FLOAT32, np.zeros(1, np.float32))
    logit = tensor((1, 1), types.FLOAT32)
    dense = schema.FullyConnectedOptionsT()
    operator(
        schema.BuiltinOperator.FULLY_CONNECTED,
        [mean, weights, bias],
        [logit],
        options.FullyConnectedOptions,
        dense,
    )
    graph.inputs, graph.outputs = [given], [logit]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
