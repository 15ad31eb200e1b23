"""What a model can be converted to; a recipe is data."""

from dataclasses import dataclass
from typing import Literal

Number = Literal["float32", "float16", "int8", "int16"]


@dataclass(frozen=True)
class Recipe:
    """How the numbers of a model are stored and computed with.

    weights, activations: their types; dynamic-range models quantize activations while they run, so theirs are float32.
    given, answered: types of the input and of the outputs. delegated: whether XNNPACK has kernels for it. purpose: what
    the recipe is for, in a line.
    """

    purpose: str
    weights: Number
    activations: Number = "float32"
    given: Literal["uint8", "int8"] = "uint8"
    answered: Literal["float32", "int8"] = "float32"
    delegated: bool = True

    @property
    def calibrated(self) -> bool:
        """Whether a representative dataset sets the scales of the activations."""
        return self.activations != "float32"

    @property
    def exact(self) -> bool:
        """Whether the arithmetic is that of the trained model, so that its answers must be the same."""
        return self.weights == "float32"


RECIPES = {
    "float32": Recipe("the reference: the trained numbers as they are", "float32"),
    "float16": Recipe("half the size of float32 with nearly its answers; as fast as float32", "float16"),
    "dynamic": Recipe("int8 weights, float32 activations: small, needs no representative pictures", "int8"),
    "int8": Recipe("small devices: uint8 pixels in, float32 scores out, integers between; start here", "int8", "int8"),
    "int8-io": Recipe(
        "accelerators and microcontrollers: integers throughout, int8 pixels in, int8 answers out",
        "int8",
        "int8",
        given="int8",
        answered="int8",
    ),
    "int16x8": Recipe(
        "int8 weights, int16 activations: where int8 loses too much; slow, XNNPACK has no kernels for it",
        "int8",
        "int16",
        delegated=False,
    ),
}
DEFAULT = "float32,int8"
TFJS = "tfjs"
PURPOSES = {name: recipe.purpose for name, recipe in RECIPES.items()} | {
    TFJS: "TensorFlow.js: a folder with model.json and weights, float32, checked in Node"
}
"""What can be asked for, and what it is for."""
