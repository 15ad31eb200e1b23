"""Channels of a layer brought to ranges that are alike, so that one int8 scale for all of them suits each.

What a filter answers is divided by a factor, and the layers that read it multiply by the same: after a ReLU, which
knows no scale, nothing has changed but the rounding (Nagel et al., 2019). The factors share the burden between what a
channel answers and the weights that read it (Xiao et al., 2023).
"""

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 4.0
"""The largest factor, and one over the smallest: what a channel answered to a few pictures is not all it ever will."""
_BATCH = 16


@dataclass
class _Group:
    """Layers that write and that read the same channels, and the tensors of these that become int8."""

    writers: list[Any] = field(default_factory=list)
    readers: list[Any] = field(default_factory=list)
    tensors: list[Any] = field(default_factory=list)


@contextlib.contextmanager
def equalised(model: Any, pixels: NDArray[np.uint8]) -> Iterator[None]:
    """While the context lasts, a Keras model has equalised channels, by what it answers to pixels (n, side, side, 3).

    Its answers stay what they were, to float rounding. Channels that pass through anything but convolutions, dense
    layers, ReLUs, sums and pooling are left alone, and so are models inside the model.
    """
    trained = model.get_weights()
    groups = _groups(model)
    for group, largest in zip(groups, _ranges(model, groups, pixels), strict=True):
        _divide(group, _factors(group, largest))
    try:
        yield
    finally:
        model.set_weights(trained)


def _groups(model: Any) -> list[_Group]:
    """The groups of channels between which there are only layers that know no scale; none is given or answered."""
    from keras import layers
    from scipy.cluster.hierarchy import DisjointSet

    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    tensors = {id(tensor): tensor for node in nodes for tensor in (*node.input_tensors, *node.output_tensors)}
    alike, fixed = DisjointSet(tensors), {id(tensor) for tensor in model.outputs}
    written: dict[Any, int] = {}
    read: dict[Any, int] = {}
    whole: set[int] = set()  # what becomes int8: of a convolution with its ReLU, only what the ReLU leaves
    for node in nodes:
        layer, ends = node.operation, [id(tensor) for tensor in (*node.input_tensors, *node.output_tensors)]
        if not isinstance(layer, layers.ReLU):
            whole.update(id(tensor) for tensor in node.input_tensors)
        if _is_scale_free(layer) and len({tensors[end].shape[-1] for end in ends}) == 1:
            pairs = [(ends[0], end) for end in ends]
        elif _is_linear(layer):
            # A layer that is called twice has one factor a channel, so both its inputs are of one group.
            pairs = [(read.setdefault(layer, ends[0]), ends[0]), (written.setdefault(layer, ends[-1]), ends[-1])]
        else:
            pairs = []
            fixed.update(ends)
        for pair in pairs:
            alike.merge(*pair)
    fixed = {alike[tensor] for tensor in fixed}
    groups: dict[int, _Group] = defaultdict(_Group)
    for layer, tensor in written.items():
        groups[alike[tensor]].writers.append(layer)
    for layer, tensor in read.items():
        groups[alike[tensor]].readers.append(layer)
    for tensor in whole:
        groups[alike[tensor]].tensors.append(tensors[tensor])
    return [group for root, group in groups.items() if root not in fixed and group.writers and group.readers]


def _is_scale_free(layer: Any) -> bool:
    """Whether a channel that is a positive factor larger is answered by the same channel, larger by that factor."""
    from keras import layers

    if isinstance(layer, layers.ReLU):
        return layer.max_value is None and not layer.threshold
    return isinstance(layer, (layers.Add, layers.Dropout, layers.MaxPooling2D, layers.GlobalAveragePooling2D))


def _is_linear(layer: Any) -> bool:
    """Whether filters read all channels, the last axis, and answer one each, with no other activation than a ReLU."""
    from keras import activations, layers

    if type(layer) not in (layers.Conv2D, layers.Dense):
        return False
    axes = getattr(layer, "groups", 1) == 1 and getattr(layer, "data_format", "channels_last") == "channels_last"
    return axes and layer.activation in (activations.linear, activations.relu)


def _ranges(model: Any, groups: list[_Group], pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """The largest answer of each channel of each group to any of the pictures, without its sign."""
    import keras

    seen = {str(id(tensor)): tensor for group in groups for tensor in group.tensors}
    if not seen:
        return []
    probe = keras.Model(model.inputs, seen)
    largest: dict[str, NDArray[np.float32]] = {}
    for at in range(0, len(pixels), _BATCH):
        for name, answers in probe.predict_on_batch(pixels[at : at + _BATCH].astype(np.float32)).items():
            found = np.abs(np.asarray(answers)).max(axis=tuple(range(answers.ndim - 1)))
            largest[name] = np.maximum(largest.get(name, found), found)
    return [np.max([largest[str(id(tensor))] for tensor in group.tensors], axis=0) for group in groups]


def _factors(group: _Group, largest: NDArray[np.float32]) -> NDArray[np.float32]:
    """By what each channel is divided: so that its answers and the weights that read it have one range, up to MOST."""
    weights = np.max([_weight(np.asarray(layer.kernel)) for layer in group.readers], axis=0)
    used = (largest > 0) & (weights > 0)
    factors = np.ones_like(largest)
    factors[used] = np.sqrt(largest[used] / weights[used])
    factors[used] /= np.exp(np.log(factors[used]).mean())
    return np.clip(factors, 1 / MOST, MOST)


def _weight(kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest weight that reads each channel, as a share (0–1) of the largest of its filter."""
    filters = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    shares = np.abs(kernel) / np.where(filters > 0, filters, 1)
    largest: NDArray[np.float32] = np.moveaxis(shares, -2, 0).reshape(kernel.shape[-2], -1).max(axis=1)
    return largest


def _divide(group: _Group, factors: NDArray[np.float32]) -> None:
    """Divide the channels in the layers that write them, and make it good in those that read them."""
    for layer in group.writers:
        layer.kernel.assign(layer.kernel / factors)
        if layer.use_bias:
            layer.bias.assign(layer.bias / factors)
    for layer in group.readers:
        layer.kernel.assign(layer.kernel * factors[:, None])
