"""The networks that can be trained, by name."""

from collections.abc import Callable
from typing import Any

import keras

from edge_detect.errors import UsageError
from training.networks.edge import edge
from training.networks.finder import finder
from training.networks.layers import copy_standardised
from training.networks.serenity import serenity

NETWORKS: dict[str, Callable[..., keras.Model]] = {"edge": edge, "finder": finder, "serenity": serenity}


def build(name: str, **options: Any) -> keras.Model:
    """A fresh network. Raises UsageError for an unknown name."""
    if name not in NETWORKS:
        raise UsageError(f"unknown network {name!r}; there are {', '.join(NETWORKS)}")
    return NETWORKS[name](**options)


def deployable(model: keras.Model, **options: Any) -> keras.Model:
    """The same function in stock Keras layers and float32, as it is saved and converted."""
    if model.name == "serenity":
        copy = build(model.name, **options)
        copy.set_weights(model.get_weights())
        return copy
    copy = build(model.name, **options, standardised=False)
    copy_standardised(model, copy)
    return copy
