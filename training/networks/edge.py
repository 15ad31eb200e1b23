"""`edge`, the classifier that ships: small, fully convolutional, and made for int8 on small CPUs."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import keras
from keras import ops

from training.networks.layers import GROWN, RELU_GAIN, StandardisedConv2D

Stem = Literal["space_to_depth", "haar", "strided"]
Pooling = Literal["logits", "features"]


def edge(
    stem: Stem = "space_to_depth",
    widths: Sequence[int] = (48, 80, 128),
    grown: Sequence[int] = (0, 0),
    pooling: Pooling = "logits",
    readings: int = 0,
    standardised: bool = True,
) -> keras.Model:
    """RGB 0–255 (n, height, width, 3), sides divisible by 4 → {"logit": (n, 1), "patches": (n, h/16, w/16, 1)}.

    widths: channels at a stride of 4, 8 and 16. grown: residual pairs of convolutions more, at a stride of 8 and 16.
    They begin as nothing, so that a grown network can go on from the weights of one without them. pooling: the logit
    (of *fake*) is the mean of the patch logits, or a linear reading of its own of the mean features, so that a picture
    that is fake in a few patches can be surely fake. readings: units of a layer between the mean features and the logit
    (`training.reading`), 0 for none. `standardised=False` builds the same graph with plain convolutions, to receive the
    kernels of a trained one. Raises ValueError for another stem or pooling.
    """

    def conv(inputs, filters: int, size: int = 3, strides: int = 1, gain: float = RELU_GAIN, **options: Any):
        options = {"padding": "same", **options, **({"gain": gain} if standardised else {})}
        layer = StandardisedConv2D if standardised else keras.layers.Conv2D
        return layer(filters, size, strides=strides, **options)(inputs)

    def residual(x, filters: int, gain: float, names: tuple[str | None, str | None] = (None, None)):
        first, second = names
        branch = keras.layers.ReLU()(conv(x, filters, name=first))
        return keras.layers.ReLU()(keras.layers.Add()([x, conv(branch, filters, gain=gain, name=second)]))

    def grow(x, filters: int, stride: int, pairs: int):
        for i in range(pairs):
            name = f"{GROWN}{stride}_{i}"
            x = residual(x, filters, gain=0.0, names=(f"{name}a", f"{name}b"))
        return x

    at4, at8, at16 = widths
    pixels = keras.Input((None, None, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 64)(pixels)
    # No offset: standardised kernels have zero mean, so a constant added to the picture changes nothing. No padding
    # in the first convolution: there is no picture beyond its edge, and black would look like a trace.
    match stem:
        case "space_to_depth":
            x = conv(ops.space_to_depth(x, 4), at4, padding="valid")
        case "haar":
            x = conv(ops.space_to_depth(haar(x), 2), at4, padding="valid")
        case "strided":
            x = keras.layers.ReLU()(conv(x, 32, strides=2, padding="valid"))
            x = conv(x, at4, strides=2)
        case _:
            raise ValueError(f"unknown stem {stem!r}; there are {', '.join(get_args(Stem))}")
    x = keras.layers.ReLU()(x)
    x = keras.layers.ReLU()(conv(x, at8, strides=2))
    x = grow(keras.layers.ReLU()(conv(x, at8)), at8, 8, grown[0])
    x = keras.layers.ReLU()(conv(x, at16, strides=2))
    x = grow(residual(x, at16, gain=0.5), at16, 16, grown[1])
    x = keras.layers.Dropout(0.2)(x)
    patches = keras.layers.Conv2D(1, 1, dtype="float32", name="patches")(x)
    match pooling:
        case "logits":
            logit = keras.layers.GlobalAveragePooling2D(dtype="float32", name="logit")(patches)
        case "features":
            pooled = keras.layers.GlobalAveragePooling2D(dtype="float32")(x)
            if readings:
                pooled = keras.layers.Dense(readings, activation="relu", dtype="float32", name="readings")(pooled)
            logit = keras.layers.Dense(1, dtype="float32", name="logit")(pooled)
        case _:
            raise ValueError(f"unknown pooling {pooling!r}; there are {', '.join(get_args(Pooling))}")
    return keras.Model(pixels, {"logit": logit, "patches": patches}, name="edge")


def haar(pixels):
    """One level of the 2×2 Haar transform: average and three clipped details, (n, h, w, 3) → (n, h/2, w/2, 12).

    Details are small in almost every pixel; clipping the rare strong edges leaves int8 its resolution for the rest.
    """
    a, b, c, d = ops.split(ops.space_to_depth(pixels, 2), 4, axis=-1)
    details = ops.concatenate([a - b + c - d, a + b - c - d, a - b - c + d], axis=-1)
    return ops.concatenate([(a + b + c + d) / 4, ops.clip(details, -1.0, 1.0) * 4], axis=-1)
