"""Networks to compare with, written anew from their papers and trained by the same loop on the same data."""

import keras
import numpy as np

SIDE = 224
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32)
"""A horizontal gradient."""


def serenity() -> keras.Model:
    """RGB 0–255 (n, 224, 224, 3) → {"probability": (n, 1)} of *fake*: the network this project began with.

    11 million parameters in one Dense layer.
    """
    pixels = keras.Input((SIDE, SIDE, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    for filters in (32, 64, 128):
        x = keras.layers.Conv2D(filters, 3, activation="relu")(x)
        x = keras.layers.MaxPooling2D()(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(128, activation="relu")(x)
    x = keras.layers.Dropout(0.5)(x)
    probability = keras.layers.Dense(1, activation="sigmoid", dtype="float32", name="probability")(x)
    return keras.Model(pixels, {"probability": probability}, name="serenity")


def meso4() -> keras.Model:
    """RGB 0–255 (n, 224, 224, 3) → {"logit": (n, 1)}: four convolutions, coarse pooling, two Dense layers.

    Shaped after Meso-4 (Afchar et al., 2018), whose input had 256 pixels.
    """
    pixels = keras.Input((SIDE, SIDE, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    for filters, size, pool in ((8, 3, 2), (8, 5, 2), (16, 5, 2), (16, 5, 4)):
        x = keras.layers.Conv2D(filters, size, padding="same", activation="relu")(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.MaxPooling2D(pool, padding="same")(x)
    x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
    x = keras.layers.LeakyReLU(0.1)(keras.layers.Dense(16)(x))
    x = keras.layers.Dropout(0.5)(x)
    logit = keras.layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(pixels, {"logit": logit}, name="meso4")


def tiny_ladeda() -> keras.Model:
    """RGB 0–255 (n, height, width, 3) → {"logit": (n, 1)}: gradients, and 1,297 parameters that look at a few pixels.

    Shaped after Tiny-LaDeDa (Cavia et al., 2024), which was distilled from a larger network; this one is trained.
    """
    pixels = keras.Input((None, None, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    gradient = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, trainable=False, name="gradient")
    x = keras.layers.Conv2D(8, 1, use_bias=False)(gradient(x))
    for size, strides in ((3, 1), (1, 1), (3, 2)):
        x = keras.layers.Conv2D(8, size, strides=strides, use_bias=False)(x)
        x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    logit = keras.layers.Dense(1, dtype="float32", name="logit")(x)
    gradient.set_weights(
        [np.stack([SOBEL] * 3, axis=2)[..., None]]
    )  # not by an initializer of our own, which nobody else could load
    return keras.Model(pixels, {"logit": logit}, name="tiny_ladeda")


def mobilenet() -> keras.Model:
    """RGB 0–255 (n, height, width, 3) → {"logit": (n, 1)}: MobileNetV3-Small (Howard et al., 2019), not pretrained."""
    pixels = keras.Input((None, None, 3), name="pixels")
    body = keras.applications.MobileNetV3Small(
        input_tensor=pixels, include_top=False, weights=None, pooling="avg", include_preprocessing=True
    )
    settle_soon(body)
    x = keras.layers.Dropout(0.2)(body.output)
    logit = keras.layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(pixels, {"logit": logit}, name="mobilenet")


def mobilenet_v2() -> keras.Model:
    """RGB 0–255 (n, height, width, 3) → {"logit": (n, 1)}: MobileNetV2 (Sandler et al., 2018), not pretrained."""
    pixels = keras.Input((None, None, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels)
    body = keras.applications.MobileNetV2(input_tensor=x, include_top=False, weights=None, pooling="avg")
    settle_soon(body)
    x = keras.layers.Dropout(0.2)(body.output)
    logit = keras.layers.Dense(1, dtype="float32", name="logit")(x)
    return keras.Model(pixels, {"logit": logit}, name="mobilenet_v2")


def settle_soon(body: keras.Model) -> None:
    """Let the means and variances of normalisation layers follow their batches.

    Those of Keras' own networks take thousands of steps to settle; until then, such a network answers all pictures
    alike.
    """
    for layer in body.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.9
