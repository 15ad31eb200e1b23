"""A Keras model as a TensorFlow.js graph model: `model.json`, one file of weights, and the card beside them.

The pip package `tensorflowjs` is broken; the format is small. A graph model is a frozen TensorFlow graph as JSON,
whose constants lie one after the other in a binary file, described by a manifest.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convert.conversion import saved
from convert.gate import FLOAT_ERROR, Check
from edge_detect.card import Card
from edge_detect.errors import ModelError, UsageError
from edge_detect.network import Runnable

NODE = Path(__file__).with_name("node")
"""The package that runs a graph model in Node; `make tfjs` installs TensorFlow.js there."""
NAMES = ("model.json", "weights.bin", "card.json")
"""The files of a graph model."""
_DTYPES = ("float32", "int32", "bool")
"""What constants may be."""
_PATIENCE = 600
"""Seconds for all pictures."""
_RUNS = "runs on TensorFlow.js"
Files = dict[str, bytes]


def require() -> None:
    """Raise UsageError when there is no Node with TensorFlow.js to check a graph model in."""
    if shutil.which("node") is None:
        raise UsageError(
            "a model for TensorFlow.js is checked in Node, which is not installed: it needs version 18 or later"
        )
    if not (NODE / "node_modules" / "@tensorflow" / "tfjs").is_dir():
        raise UsageError(f"TensorFlow.js is not installed: `make tfjs`, or npm ci in {NODE}")


def to_files(model: Any, card: Card) -> Files:
    """The files of a graph model that takes float32 pixels 0–255 (1, side, side, 3) and gives the model's outputs.

    Raises UsageError when the model computes with numbers of a type that TensorFlow.js has not.
    """
    import tensorflow as tf
    from google.protobuf.json_format import MessageToDict
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    names = sorted(model.output)
    with saved(model, card.input_side, integer=True) as folder:
        loaded = tf.saved_model.load(str(folder))  # holds the variables that the signature refers to
        frozen = convert_variables_to_constants_v2(loaded.signatures["serving_default"])
    graph = frozen.graph.as_graph_def()
    _replace_space_to_depth(graph, frozen.graph)
    weights, specs = [], []
    for node in graph.node:
        if node.op == "Const":
            values = tf.make_ndarray(node.attr["value"].tensor)
            _check_type(node.name, values.dtype.name, graph)
            weights.append(np.ascontiguousarray(values).tobytes())
            specs.append({"name": node.name, "shape": list(values.shape), "dtype": values.dtype.name})
            node.attr["value"].tensor.ClearField("tensor_content")
            del node.attr["value"].tensor.float_val[:]
            del node.attr["value"].tensor.int_val[:]
    signature = {
        "inputs": {"pixels": _tensor(frozen.inputs[0])},
        "outputs": {name: _tensor(tensor) for name, tensor in zip(names, frozen.outputs, strict=True)},
    }
    description = {
        "format": "graph-model",
        "generatedBy": "edge-detect",
        "signature": signature,
        "modelTopology": MessageToDict(graph),
        "weightsManifest": [{"paths": ["weights.bin"], "weights": specs}],
    }
    text = json.dumps(description, indent=1)
    contents = (text.encode(), b"".join(weights), json.dumps(card.to_dict(), indent=1).encode())
    return dict(zip(NAMES, contents, strict=True))


def checks(files: Files, network: Runnable, pixels: NDArray[np.uint8]) -> Iterator[Check]:
    """Whether TensorFlow.js answers pictures (n, side, side, 3) as the Keras model does."""
    side = network.card.input_side
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        pictures = Path(folder, "pictures.bin")
        pictures.write_bytes(pixels.astype("<f4").tobytes())
        command = ["node", str(NODE / "check.mjs"), folder, str(pictures), str(side)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            yield Check(_RUNS, f"no answers in {_PATIENCE} s", "as Keras", passed=False)
            return
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if "Error" in line] or ["it crashed"]
        yield Check(_RUNS, lines[0].strip(), "as Keras", passed=False)
        return
    try:
        answered = json.loads(done.stdout)
    except ValueError:
        yield Check(_RUNS, f"answers that cannot be read: {done.stdout[:40]!r}", "as Keras", passed=False)
        return
    errors = [
        np.abs(values.ravel() - np.array(answers[name], np.float64)).max()  # JSON's null, for what is no number, is nan
        for picture, answers in zip(pixels, answered, strict=True)
        for name, values in network.run(picture).items()
    ]
    error = float(np.max(errors))
    found = f"largest difference {error:.1e} on {len(pixels)} pictures"
    yield Check("same outputs on TensorFlow.js as in Keras", found, f"{FLOAT_ERROR:g}", passed=error <= FLOAT_ERROR)


def read_card(folder: Path) -> Card:
    """The card of a graph model. Raises ModelError for a folder that holds anything else, or no card to be read."""
    if others := sorted({path.name for path in folder.iterdir()}.difference(NAMES)):
        raise ModelError(f"{others[0]} is no part of a graph model")
    try:
        return Card.from_dict(json.loads((folder / "card.json").read_bytes()))
    except (OSError, ValueError) as error:
        raise ModelError(f"it has no card that can be read: {error}") from error


def write(folder: Path, files: Files) -> None:
    """Write a graph model aside and rename its folder, so that no half-written one is ever found.

    What is in the folder is replaced; it stays when that fails.
    """
    aside, old = (folder.with_name(f".{folder.name}.{word}") for word in ("part", "old"))
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        for name, data in files.items():
            (aside / name).write_bytes(data)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.replace(old)
        aside.replace(folder)
    finally:
        if old.exists() and not folder.exists():
            old.replace(folder)
        for rest in (aside, old):
            shutil.rmtree(rest, ignore_errors=True)


def _check_type(name: str, kind: str, graph: Any) -> None:
    """Raise UsageError, which names the operator that takes it, for a constant of a type that TensorFlow.js has not."""
    if kind not in _DTYPES:
        takes = {given: node for node in graph.node for given in node.input}
        while name in takes and takes[name].op == "Identity":
            name = takes[name].name
        operator = f"{takes[name].op} ({takes[name].name})" if name in takes else name
        raise UsageError(
            f"TensorFlow.js has no {kind}, with which {operator} computes: build the model of {' and '.join(_DTYPES)}"
        )


def _tensor(tensor: Any) -> dict[str, Any]:
    """A tensor as a signature names it."""
    shape = [{"size": str(size)} for size in tensor.shape.as_list()]
    return {"name": tensor.name, "dtype": "DT_FLOAT", "tensorShape": {"dim": shape}}


def _replace_space_to_depth(graph: Any, shapes: Any) -> None:
    """TensorFlow.js has no SpaceToDepth: a convolution that only moves values, exactly, takes its place."""
    import tensorflow as tf

    for node in [node for node in graph.node if node.op == "SpaceToDepth"]:
        size = node.attr["block_size"].i
        channels = shapes.get_tensor_by_name(f"{node.name}:0").shape[3] // size**2
        kernel = np.eye(size * size * channels, dtype=np.float32).reshape(size, size, channels, -1)
        constant = graph.node.add(name=f"{node.name}/kernel", op="Const")
        constant.attr["dtype"].type = tf.float32.as_datatype_enum
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(kernel))
        given = node.input[0]
        node.Clear()
        node.name, node.op = constant.name.removesuffix("/kernel"), "Conv2D"
        node.input.extend([given, constant.name])
        node.attr["T"].type = tf.float32.as_datatype_enum
        node.attr["strides"].list.i.extend([1, size, size, 1])
        node.attr["dilations"].list.i.extend([1, 1, 1, 1])
        node.attr["padding"].s, node.attr["data_format"].s = b"VALID", b"NHWC"
