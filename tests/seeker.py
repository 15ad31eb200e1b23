"""A tiny but real TFLite face finder, built without TensorFlow: a face is where it is red.

One convolution over windows of 24 × 24 pixels of its 64 × 64 input asks how much redder than green and blue they are;
each box is 28 pixels wide, at the middle of its window.
"""

from pathlib import Path

import flatbuffers
import numpy as np
import tiny
from ai_edge_litert import schema_py_generated as schema

from edge_detect.card import pack

SIDE, GRID, WINDOW, BOX = 64, 8, 24, 28


def write(path: Path) -> Path:
    card = tiny.card(
        name="seeker", kind="finder", input_side=SIDE, output="heat", outputs={"heat": 0, "size": 1, "offset": 2}
    )
    path.write_bytes(pack(flatbuffer(), card))
    return path


def flatbuffer() -> bytes:
    """(1, 64, 64, 3) float32 → heat (1, 8, 8, 1), size (1, 8, 8, 2), offset (1, 8, 8, 2)."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version, model.buffers = 3, [schema.BufferT()]
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CONV_2D
    code.version = 1
    model.operatorCodes, graph.tensors, graph.operators = [code], [], []

    def tensor(shape, data=None) -> int:
        entry = schema.TensorT()
        entry.shape, entry.type, entry.name = list(shape), schema.TensorType.FLOAT32, f"t{len(graph.tensors)}".encode()
        entry.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.asarray(data, np.float32).tobytes(), np.uint8)
            model.buffers.append(buffer)
            entry.buffer = len(model.buffers) - 1
        graph.tensors.append(entry)
        return len(graph.tensors) - 1

    pixels = tensor((1, SIDE, SIDE, 3))

    def convolution(weights, bias) -> int:
        output = tensor((1, GRID, GRID, len(bias)))
        options = schema.Conv2DOptionsT()
        options.padding, options.strideH, options.strideW = schema.Padding.SAME, 8, 8
        options.dilationHFactor = options.dilationWFactor = 1
        operator = schema.OperatorT()
        operator.opcodeIndex = 0
        operator.inputs = [pixels, tensor(weights.shape, weights), tensor((len(bias),), bias)]
        operator.outputs = [output]
        operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.Conv2DOptions, options
        graph.operators.append(operator)
        return output

    redness = np.broadcast_to(np.array([1, -0.5, -0.5]) / WINDOW**2, (1, WINDOW, WINDOW, 3))
    nothing = np.zeros((2, WINDOW, WINDOW, 3))
    heat = convolution(redness * 0.2, [-8.0])
    size = convolution(nothing, [np.log2(BOX / 8)] * 2)
    offset = convolution(nothing, [0.0, 0.0])
    graph.inputs, graph.outputs = [pixels], [heat, size, offset]
    model.subgraphs = [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
