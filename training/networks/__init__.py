"""The networks that can be trained, by name."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from edge_detect.errors import UsageError
from training.networks.baselines import meso4, mobilenet, mobilenet_v2, serenity, tiny_ladeda
from training.networks.edge import edge
from training.networks.finder import finder
from training.networks.layers import GROWN, StandardisedConv2D

STANDARDISED: dict[str, Callable[..., keras.Model]] = {"edge": edge, "finder": finder}
"""Networks of standardised convolutions, which are saved as plain ones."""
NETWORKS: dict[str, Callable[..., keras.Model]] = {
    **STANDARDISED,
    "serenity": serenity,
    "meso4": meso4,
    "tiny_ladeda": tiny_ladeda,
    "mobilenet": mobilenet,
    "mobilenet_v2": mobilenet_v2,
}


def build(name: str, **options: Any) -> keras.Model:
    """A fresh network. Raises UsageError for an unknown name, or options that it has not."""
    if name not in NETWORKS:
        raise UsageError(f"unknown network {name!r}; there are {', '.join(NETWORKS)}")
    try:
        return NETWORKS[name](**options)
    except (TypeError, ValueError) as error:
        raise UsageError(f"there is no network {name!r} with the options {options}: {error}") from error


def deployable(name: str, **options: Any) -> keras.Model:
    """The same network in stock Keras layers only, as it is saved and converted; `deploy` fills it."""
    return build(name, **options, standardised=False) if name in STANDARDISED else build(name, **options)


def undeploy(plain: keras.Model, trained: keras.Model) -> None:
    """Make a network that is to be trained the same function as a `deployable` one: the way back from `deploy`.

    Layers that it has grown more than that keep what they begin with, which is nothing; a logit with weights of its own
    begins as the mean of the patches that it was, or, where it was fitted after training (`training.reading`), as the
    reading of the mean features from before, but for a constant. Raises UsageError when the two are not the same
    network otherwise.
    """
    sources = [layer for layer in plain.layers if layer.weights]
    targets = [layer for layer in trained.layers if layer.weights]
    own = [layer for layer in targets if layer.name == "logit"]
    fitted = [layer for layer in sources if layer.name == "readings"]
    try:
        if fitted and own and not any(layer.name == "readings" for layer in targets):
            own[0].set_weights(_reading_of_the_whole(plain))
            targets.remove(own[0])
            sources = [layer for layer in sources if layer.name not in ("readings", "logit")]
        elif own and not any(layer.name == "logit" for layer in sources):
            kernel, bias = plain.get_layer("patches").get_weights()
            own[0].set_weights([kernel[0, 0], bias])
            targets.remove(own[0])
        known = {layer.name for layer in sources}
        targets = [layer for layer in targets if layer.name in known or not layer.name.startswith(GROWN)]
        for source, target in zip(sources, targets, strict=True):
            if isinstance(target, StandardisedConv2D):
                target.assume(*source.get_weights())
            else:
                target.set_weights(source.get_weights())
    except (ValueError, TypeError) as error:
        raise UsageError(f"training can only begin from a model of the same network and options: {error}") from error


def _reading_of_the_whole(fitted: keras.Model) -> list[NDArray[np.float32]]:
    """Kernel and bias of the logit that a network had before `training.reading` fitted it, but for a constant.

    Its last unit is how far that logit is above the mean of the patches.
    """
    (kernels, biases), (patches, bias) = (fitted.get_layer(name).get_weights() for name in ("readings", "patches"))
    return [kernels[:, -1:] + patches[0, 0], biases[-1:] + bias]


def deploy(trained: keras.Model, plain: keras.Model) -> None:
    """Make a `deployable` network the same function as a trained one."""
    for source, target in zip(trained.layers, plain.layers, strict=True):
        if isinstance(source, StandardisedConv2D):
            target.set_weights([ops.convert_to_numpy(source.standardised_kernel()), ops.convert_to_numpy(source.bias)])
        else:
            target.set_weights(source.get_weights())
