"""Weights rounded to int8 so that a filter still answers an even input as it did.

Each weight rounded on its own, a filter's sum drifts by the errors of hundreds of weights. Where the inputs are alike,
as the pixels of an even patch, that adds brightness to an answer that did not depend on it (the shift of the mean that
Nagel et al., 2019, correct in the bias, and only for the mean). Rounding by largest remainder keeps the sum.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 127
"""The largest step of int8 weights, which are symmetric about zero."""
DYNAMIC_LEAST = 1024
"""Weights that a kernel needs for TensorFlow's dynamic range to make int8 of it; smaller ones stay as trained."""


@contextlib.contextmanager
def rounded(model: Any, least: int = 1) -> Iterator[None]:
    """While the context lasts, a Keras model has weights in int8 steps: those that the converter will make of it.

    least: weights that a kernel needs to become int8.
    """
    kernels = [(kernel, filters) for kernel, filters in _kernels(model) if np.prod(kernel.shape) >= least]
    trained = [np.array(kernel) for kernel, _ in kernels]
    for (kernel, filters), weights in zip(kernels, trained, strict=True):
        kernel.assign(round_filters(weights, filters))
    try:
        yield
    finally:
        for (kernel, _), weights in zip(kernels, trained, strict=True):
            kernel.assign(weights)


def round_filters(kernel: NDArray[np.float32], filters: tuple[int, ...]) -> NDArray[np.float32]:
    """A kernel on the grid of int8 steps, each filter on its own, whose sums are kept to half a step.

    filters: the axes that tell filters apart. The largest weight of each filter stays, and so does its scale.
    """
    inside = tuple(axis for axis in range(kernel.ndim) if axis not in filters)
    step = np.abs(kernel).max(axis=inside, keepdims=True).astype(np.float64) / LARGEST
    step[step == 0] = 1
    exact = np.moveaxis(kernel / step, filters, range(-len(filters), 0))
    columns = exact.reshape(-1, np.prod([kernel.shape[axis] for axis in filters], dtype=int))
    steps = np.rint(columns)
    remainders = columns - steps
    for each, remainder in zip(steps.T, remainders.T, strict=True):
        missing = round(remainder.sum())
        free = np.where(np.abs(each) < LARGEST, remainder * np.sign(missing), -np.inf)
        each[np.argsort(-free, kind="stable")[: abs(missing)]] += np.sign(missing)
    grid = np.moveaxis(steps.reshape(exact.shape), range(-len(filters), 0), filters) * step
    found: NDArray[np.float32] = grid.astype(np.float32)
    return found


def _kernels(model: Any) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The kernels of a model that become int8, each once, with the axes of its filters."""
    from keras import layers

    filters = {layers.Conv2D: (3,), layers.Conv2DTranspose: (2,), layers.DepthwiseConv2D: (2, 3), layers.Dense: (1,)}
    for layer in model._flatten_layers():
        if type(layer) in filters:
            yield layer.kernel, filters[type(layer)]
