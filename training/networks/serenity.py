"""`serenity`, the network this project began with, kept as the baseline that anyone can train and convert."""

import keras

SIDE = 224


def serenity() -> keras.Model:
    """RGB 0–255 (n, 224, 224, 3) → {"probability": (n, 1)} of *fake*; 11 million parameters in one Dense layer."""
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
