"""Tiny but real TFLite models, built without TensorFlow from the schema that LiteRT brings along.

The classifier averages the picture and takes a weighted sum of the three channels: the redder, the faker. The finder
takes each red spot for the middle of a face of half its input's side.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edge_detect.card import Calibration, Card, Thresholds, pack
from edge_detect.faces import STRIDE

SIDE = 16
FINDER_SIDE = 64
TYPES, OPTIONS, OPERATORS = schema.TensorType, schema.BuiltinOptions, schema.BuiltinOperator


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


def finder_card(**changes) -> Card:
    values = {
        "name": "spots",
        "description": "Calls red spots faces.",
        "kind": "finder",
        "input_side": FINDER_SIDE,
        "output": "heat",
        "outputs": {"heat": 0, "size": 1, "offset": 2},
        "labels": ("nothing", "face"),
        "thresholds": Thresholds(
            face=0.3, face_tiles=0.3
        ),  # its cells do not point to the middle, so neighbours agree but half
    }
    return card(**{**values, **changes})


def packed(kind: str = "float32", **changes) -> bytes:
    return pack(flatbuffer(kind), card(**changes))


def packed_finder(**changes) -> bytes:
    return pack(finder_flatbuffer(), finder_card(**changes))


class Graph:
    """A model being put together."""

    def __init__(self) -> None:
        self.model, self.graph = schema.ModelT(), schema.SubGraphT()
        self.model.version = 3
        self.model.buffers, self.model.operatorCodes = [schema.BufferT()], []
        self.graph.tensors, self.graph.operators = [], []

    def tensor(self, shape, kind, data=None, quantization=None) -> int:
        entry = schema.TensorT()
        entry.shape, entry.type, entry.name = list(shape), kind, f"t{len(self.graph.tensors)}".encode()
        entry.quantization = quantization
        entry.buffer = 0
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            self.model.buffers.append(buffer)
            entry.buffer = len(self.model.buffers) - 1
        self.graph.tensors.append(entry)
        return len(self.graph.tensors) - 1

    def constant(self, values) -> int:
        data = np.array(values)
        data = data.astype(np.int32 if data.dtype.kind == "i" else np.float32)
        return self.tensor(data.shape, TYPES.INT32 if data.dtype == np.int32 else TYPES.FLOAT32, data)

    def operator(self, code, inputs, outputs, options_type=0, options=None) -> None:
        entry = schema.OperatorCodeT()
        entry.builtinCode, entry.deprecatedBuiltinCode, entry.version = code, min(code, 127), 2
        self.model.operatorCodes.append(entry)
        op = schema.OperatorT()
        op.opcodeIndex = len(self.model.operatorCodes) - 1
        op.inputs, op.outputs = inputs, outputs
        op.builtinOptionsType, op.builtinOptions = options_type, options
        self.graph.operators.append(op)

    def convolution(self, given: int, grid: int, weights, bias, stride: int) -> int:
        """A convolution with padding whose output is grid × grid; weights (out, height, width, in)."""
        output = self.tensor((1, grid, grid, len(bias)), TYPES.FLOAT32)
        options = schema.Conv2DOptionsT()
        options.strideW = options.strideH = stride
        options.dilationWFactor = options.dilationHFactor = 1
        options.padding = schema.Padding.SAME
        inputs = [given, self.constant(weights), self.constant(bias)]
        self.operator(OPERATORS.CONV_2D, inputs, [output], OPTIONS.Conv2DOptions, options)
        return output

    def build(self, inputs, outputs) -> bytes:
        self.graph.inputs, self.graph.outputs = inputs, outputs
        self.model.subgraphs = [self.graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def flatbuffer(kind: str = "float32", scale: float = 1.0, zero_point: int = 0) -> bytes:
    """A model (1, SIDE, SIDE, 3) → (1, 1) with input of type `kind`: float32, uint8 or int8 (with quantization)."""
    graph = Graph()
    shape = (1, SIDE, SIDE, 3)
    given = floats = graph.tensor(shape, TYPES.FLOAT32)
    if kind != "float32":
        quantization = schema.QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = [scale], [zero_point]
        given = graph.tensor(shape, {"uint8": TYPES.UINT8, "int8": TYPES.INT8}[kind], quantization=quantization)
        graph.operator(OPERATORS.DEQUANTIZE, [given], [floats])
    mean, logit = graph.tensor((1, 3), TYPES.FLOAT32), graph.tensor((1, 1), TYPES.FLOAT32)
    reducer, dense = schema.ReducerOptionsT(), schema.FullyConnectedOptionsT()
    reducer.keepDims = False
    graph.operator(OPERATORS.MEAN, [floats, graph.constant([1, 2])], [mean], OPTIONS.ReducerOptions, reducer)
    weights, bias = graph.constant([[0.04, -0.02, -0.02]]), graph.constant([0.0])
    graph.operator(OPERATORS.FULLY_CONNECTED, [mean, weights, bias], [logit], OPTIONS.FullyConnectedOptions, dense)
    return graph.build([given], [logit])


def finder_flatbuffer() -> bytes:
    """A model (1, FINDER_SIDE, FINDER_SIDE, 3) → heat, size and offset on a grid of STRIDE pixels a cell."""
    graph = Graph()
    grid = FINDER_SIDE // STRIDE
    given = graph.tensor((1, FINDER_SIDE, FINDER_SIDE, 3), TYPES.FLOAT32)
    cells = graph.tensor((1, grid, grid, 3), TYPES.FLOAT32)
    pool = schema.Pool2DOptionsT()
    pool.strideW = pool.strideH = pool.filterWidth = pool.filterHeight = STRIDE
    pool.padding = schema.Padding.VALID
    graph.operator(OPERATORS.AVERAGE_POOL_2D, [given], [cells], OPTIONS.Pool2DOptions, pool)
    heat = graph.convolution(cells, grid, [[[[0.1, -0.05, -0.05]]]], [-6.0], 1)
    nothing = np.zeros((2, 1, 1, 3))
    size = graph.convolution(cells, grid, nothing, [float(np.log2(grid / 2))] * 2, 1)
    offset = graph.convolution(cells, grid, nothing, [0.0, 0.0], 1)
    return graph.build([given], [heat, size, offset])
