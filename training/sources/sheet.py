"""A contact sheet: a source's crops on one page, for your own eyes."""

from pathlib import Path

import numpy as np

from edge_detect import image
from edge_detect.manifest import FAKE, REAL, Sample

TILE, COLUMNS, ROWS = 96, 16, 8
_FRAMES = {REAL: (60, 160, 60), FAKE: (200, 50, 50)}


def contact_sheet(samples: list[Sample], path: Path) -> None:
    """Write a JPEG of up to 128 crops, real ones framed in green and fake ones in red, evenly from all."""
    by_label = [[sample for sample in samples if sample.label == label] for label in (REAL, FAKE)]
    present = [group for group in by_label if group]
    room = COLUMNS * (ROWS // max(1, len(present)))
    shown = [sample for group in present for sample in _evenly(group, room)]
    rows = -(-len(shown) // COLUMNS)
    page = np.full((rows * TILE, COLUMNS * TILE, 3), 255, np.uint8)
    for i, sample in enumerate(shown):
        top, left = i // COLUMNS * TILE, i % COLUMNS * TILE
        page[top : top + TILE, left : left + TILE] = _FRAMES[sample.label]
        page[top + 2 : top + TILE - 2, left + 2 : left + TILE - 2] = image.load_whole(
            sample.path.read_bytes(), TILE - 4
        )
    image.save(path, page)


def _evenly(samples: list[Sample], count: int) -> list[Sample]:
    picks = np.linspace(0, len(samples) - 1, min(count, len(samples))).round().astype(int)
    return [samples[i] for i in picks]
