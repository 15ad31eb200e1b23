"""What a model can be converted to; a recipe is data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """precision: as the card names it; integer: weights and activations become int8, uint8 pixels go in."""

    precision: str
    integer: bool
    purpose: str


RECIPES = {
    "float32": Recipe("float32", integer=False, purpose="reference: the trained numbers, four times the size"),
    "int8": Recipe("int8", integer=True, purpose="small devices: uint8 pixels in, float32 scores out, integer between"),
}
