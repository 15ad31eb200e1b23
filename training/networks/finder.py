"""`finder`, the network that finds faces: a pyramid down to stride 32 and back to a grid of stride 8."""

import keras
from keras import ops

from training.networks.layers import RELU_GAIN, StandardisedConv2D


def finder(standardised: bool = True) -> keras.Model:
    """RGB 0–255 (n, side, side, 3), side divisible by 32 → heat (n, g, g, 1), size and offset (n, g, g, 2); g = side/8.

    What they mean stands in `training.targets`. `standardised=False`: plain convolutions, as in `edge`.
    """

    def conv(inputs, filters: int, size: int = 3, strides: int = 1, gain: float = RELU_GAIN):
        options = {"gain": gain} if standardised else {}
        layer = StandardisedConv2D if standardised else keras.layers.Conv2D
        return layer(filters, size, strides=strides, padding="same", **options)(inputs)

    def relu(inputs):
        return keras.layers.ReLU()(inputs)

    def residual(inputs, filters: int):
        return relu(keras.layers.Add()([inputs, conv(inputs, filters, gain=0.5)]))

    def up(inputs, onto, filters: int):
        return relu(keras.layers.Add()([onto, ops.depth_to_space(conv(inputs, 4 * filters, size=1), 2)]))

    pixels = keras.Input((None, None, 3), name="pixels")
    x = ops.space_to_depth(keras.layers.Rescaling(1 / 64)(pixels), 4)
    x = relu(conv(x, 24, size=1))
    at8 = residual(relu(conv(x, 32, strides=2)), 32)
    at16 = residual(relu(conv(at8, 64, strides=2)), 64)
    at32 = residual(relu(conv(at16, 104, strides=2)), 104)
    x = up(up(at32, at16, 64), at8, 32)
    x = relu(conv(x, 32))

    def head(name: str, channels: int, bias: float = 0.0):
        start = keras.initializers.Constant(bias)
        return keras.layers.Conv2D(channels, 1, bias_initializer=start, dtype="float32", name=name)(x)

    outputs = {"heat": head("heat", 1, bias=-4.0), "size": head("size", 2, bias=2.0), "offset": head("offset", 2)}
    return keras.Model(pixels, outputs, name="finder")
