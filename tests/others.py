"""Models of somebody else's making, with pictures for them: three labels at 96 × 96, normalised outside the graph."""

from pathlib import Path

import numpy as np
import zoo

SIDE = 96
LABELS = ("blue", "green", "red")


def write(root: Path, labels=LABELS, count: int = 40, blank: str = "") -> Path:
    """Pictures in a folder for each label; blank: "train" paints the training pictures black."""
    from edge_detect.manifest import split_of

    rng = np.random.default_rng(3)
    for at, label in enumerate(labels):
        (root / label).mkdir(parents=True)
        for number in range(count):
            picture = rng.integers(60, 160, (SIDE, SIDE, 3))
            picture[..., 2 - at] += 40
            if split_of(f"{number:03}") == blank:
                picture[:] = 0
            (root / label / f"{number:03}.png").write_bytes(zoo.encode(picture.astype(np.uint8), "PNG"))
    return root


def network(count: int = 3, activation: "str | None" = "softmax", scale: float = 1 / 255, width: int = 3):
    """A small Keras model that tells which channel is brightest, in pixels of that scale; nobody trained it.

    width: channels of its convolution, of which it uses three.
    """
    import keras

    inputs = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(width, 1, activation="relu", name="look")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(count, activation=activation, name="decide")(x))
    # channel less the mean of all, in units of 255, brought above zero
    kernel = np.pad((np.eye(3) - 1 / 3) / scale / 255, ((0, 0), (0, width - 3)))
    model.get_layer("look").set_weights([kernel[None, None], np.full(width, 0.2)])
    weights = 20 * np.eye(3)[::-1]
    columns = {1: weights[:, 1:2] - weights[:, :1], 2: weights[:, :2], 3: weights}[count]
    columns = np.pad(columns, ((0, width - 3), (0, 0)))
    model.get_layer("decide").set_weights([columns, np.zeros(count)])
    return model
