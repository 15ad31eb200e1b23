"""Pictures to try the detector on: two public-domain portraits, and manipulated versions made from them here.

    python -m training.demo FOLDER

The portraits (Grace Hopper, US Navy; Eileen Collins, NASA) come inside the packages matplotlib and scikit-image.
"""

import importlib.util
import sys
from pathlib import Path

import numpy as np

from edge_detect import image
from edge_detect.errors import MissingExtraError
from edge_detect.image import Picture
from edge_detect.results import Box
from training.blend import self_blend, swap

PORTRAITS = {
    "hopper": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", Box(182, 128, 346, 312)),
    "collins": ("skimage", "data/astronaut.png", Box(174, 70, 268, 184)),
}
"""Package, file within it, and the face box in pixels, drawn by hand."""


def portrait(name: str) -> tuple[Picture, Box]:
    """A portrait's pixels and its face box. Raises MissingExtraError when its package is not installed."""
    package, file, box = PORTRAITS[name]
    found = importlib.util.find_spec(package)  # finds the folder without importing the package
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("the demo", "demo")
    return image.decode((Path(found.submodule_search_locations[0]) / file).read_bytes()).pixels, box


def make(folder: Path) -> list[Path]:
    """Write both portraits, each also with the other's face and with its own face blended over itself, as PNG."""
    hopper, hopper_box = portrait("hopper")
    collins, collins_box = portrait("collins")
    pictures = {
        "collins-original": collins,
        "collins-face-swapped": swap(collins, collins_box, hopper, hopper_box),
        "collins-self-blended": self_blend(collins, collins_box, np.random.default_rng(1))[0],
        "hopper-original": hopper,
        "hopper-face-swapped": swap(hopper, hopper_box, collins, collins_box),
        "hopper-self-blended": self_blend(hopper, hopper_box, np.random.default_rng(2))[0],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        image.save(folder / f"{name}.png", picture)
    return [folder / f"{name}.png" for name in pictures]


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m training.demo FOLDER")
    try:
        make(Path(sys.argv[1]))
    except MissingExtraError as error:
        sys.exit(str(error))
