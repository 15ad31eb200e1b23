"""What is inside a flatbuffer: its operators, who runs them, and what must not be there."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from edge_detect.network import new_interpreter

_STATEFUL = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")
_HEAVY = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
_NOT_COUNTED = ("DELEGATE", "DEQUANTIZE", "QUANTIZE", "CAST")
"""Conversions between types cost little, and differ between recipes."""


@dataclass(frozen=True)
class Graph:
    """A converted model's graph.

    operators: how many of each kind; delegated: share (0–1) of them, conversions of type aside, that XNNPACK runs;
    fixed: whether the batch is one, and fixed; forbidden: operators that no small runtime has, or that hold state;
    floats: tensors of convolutions and matrix products that answer in float32, by name.
    """

    operators: dict[str, int]
    delegated: float
    fixed: bool
    forbidden: tuple[str, ...]
    floats: tuple[str, ...]


def inspect(flatbuffer: bytes) -> Graph:
    """Read a graph, and let LiteRT lay out who runs what. Raises ModelError when LiteRT refuses the model."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    kinds = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    graph = model.subgraphs[0]
    names, floats = [], []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        name = kinds[max(code.builtinCode, code.deprecatedBuiltinCode)]
        names.append(code.customCode.decode() if name == "CUSTOM" else name)
        answer = graph.tensors[operator.outputs[0]]
        if name in _HEAVY and answer.type == schema.TensorType.FLOAT32:
            floats.append(answer.name.decode())
    forbidden = sorted({name for name in names if name in _STATEFUL or name.startswith("Flex")})
    ends = [graph.tensors[index] for index in (*graph.inputs, *graph.outputs)]
    fixed = len(model.subgraphs) == 1 and all(
        tensor.shape[0] == 1 and (tensor.shapeSignature is None or -1 not in tensor.shapeSignature) for tensor in ends
    )
    return Graph(dict(Counter(names)), _delegated(flatbuffer), fixed, tuple(forbidden), tuple(floats))


def _delegated(flatbuffer: bytes) -> float:
    """Share of operators that lie between the inputs and outputs of a delegate's nodes."""
    operators: list[dict[str, Any]] = new_interpreter(flatbuffer, 1)._get_ops_details()
    made_by = {int(tensor): op for op in operators if op["op_name"] != "DELEGATE" for tensor in op["outputs"]}
    taken = set()
    for node in operators:
        if node["op_name"] != "DELEGATE":
            continue
        given = set(map(int, node["inputs"]))
        pending = list(map(int, node["outputs"]))
        while pending:
            tensor = pending.pop()
            if tensor in given or tensor not in made_by or made_by[tensor]["index"] in taken:
                continue
            taken.add(made_by[tensor]["index"])
            pending += [int(index) for index in made_by[tensor]["inputs"]]
    counted = [op["index"] for op in operators if op["op_name"] not in _NOT_COUNTED]
    return sum(index in taken for index in counted) / max(1, len(counted))
