"""Small autoencoders, whose reconstructions of real faces bear the traces of their way of scaling up."""

import keras
from keras import ops

from edge_detect.errors import UsageError

DECODERS = ("transposed", "nearest", "shuffle")
"""Ways to scale up: transposed convolution; nearest neighbour, then convolution; convolution, then pixel shuffle."""


def autoencoder(decoder: str, latent: int = 8) -> keras.Model:
    """RGB 0–255 (n, height, width, 3), sides divisible by 4 → the same, through `latent` channels at a stride of 4.

    Raises UsageError when the decoder is none of DECODERS.
    """
    if decoder not in DECODERS:
        raise UsageError(f"unknown decoder {decoder!r}; there are {', '.join(DECODERS)}")

    def conv(inputs, filters: int, strides: int = 1, size: int = 3):
        return keras.layers.Conv2D(filters, size, strides=strides, padding="same")(inputs)

    def up(inputs, filters: int):
        match decoder:
            case "transposed":
                return keras.layers.Conv2DTranspose(filters, 4, strides=2, padding="same")(inputs)
            case "nearest":
                return conv(keras.layers.UpSampling2D(2)(inputs), filters)
            case "shuffle":
                return ops.depth_to_space(conv(inputs, 4 * filters), 2)

    relu = keras.layers.ReLU()
    pixels = keras.Input((None, None, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    x = relu(conv(x, 32, strides=2))
    x = relu(conv(relu(conv(x, 64, strides=2)), 64))
    x = relu(conv(conv(x, latent, size=1), 64))
    x = relu(up(x, 32))
    x = up(x, 16)
    x = conv(relu(x), 3)
    return keras.Model(pixels, keras.layers.Rescaling(127.5, offset=127.5, dtype="float32")(x), name=decoder)
