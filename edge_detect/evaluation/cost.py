"""What a model costs: bytes, multiply-adds, milliseconds a crop, pictures a second."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_detect.bench import bench, inference
from edge_detect.card import read_packed
from edge_detect.detector import Detector
from edge_detect.manifest import Sample
from edge_detect.network import Network
from edge_detect.scan import scan_files

_ENOUGH = 400
"""Pictures that are scored to see how many a second it is."""


def costs(
    paths: Sequence[Path], workers: Sequence[Sequence[Detector]], samples: Sequence[Sample]
) -> list[dict[str, Any]]:
    """The cost of each model: latency on one thread, in turns; throughput with all workers, on some of the samples."""
    latencies = bench({str(path): inference(Network.load(path)) for path in paths})
    files = [str(sample.path) for sample in samples[:: max(1, len(samples) // _ENOUGH)]]
    found = []
    for at, (path, latency) in enumerate(zip(paths, latencies, strict=True)):
        start = time.perf_counter()
        count = sum(1 for _ in scan_files(files, [detectors[at] for detectors in workers]))
        rate = count / (time.perf_counter() - start)
        found.append(
            {
                "bytes": path.stat().st_size,
                "multiply_adds": multiply_adds(read_packed(path)[0]),
                "ms_p50": round(latency.p50, 2),
                "pictures_per_second": round(rate, 1),
                "workers": len(workers),
            }
        )
    return found


def multiply_adds(flatbuffer: bytes) -> int | None:
    """Multiply-adds of a model's convolutions and matrix products for one look at a crop; None without LiteRT.

    Each output of a convolution costs as many as its kernel has weights for one channel out.
    """
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError:
        return None
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    graph, total = model.subgraphs[0], 0
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        kind = max(code.builtinCode, code.deprecatedBuiltinCode)
        if kind in (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED):
            outputs, kernel = graph.tensors[operator.outputs[0]].shape, graph.tensors[operator.inputs[1]].shape
            total += math.prod(map(int, outputs)) * math.prod(map(int, kernel[1:]))
        elif kind == schema.BuiltinOperator.DEPTHWISE_CONV_2D:
            outputs, kernel = graph.tensors[operator.outputs[0]].shape, graph.tensors[operator.inputs[1]].shape
            total += math.prod(map(int, outputs)) * math.prod(map(int, kernel[1:3]))
    return total
