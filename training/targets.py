"""What the finder should answer for a frame (after CenterNet; Zhou, Wang & Krähenbühl, 2019).

For each cell of a grid of stride STRIDE: whether a face's centre lies in it, the logarithms of the face's width and
height, and where its centre lies. `edge_detect.faces.decode` is the way back.
"""

import numpy as np
from numpy.typing import NDArray

from edge_detect.faces import STRIDE

Targets = dict[str, NDArray[np.float32]]


def targets(side: int, boxes: NDArray[np.float32], certain: NDArray[np.bool_]) -> Targets:
    """Targets for one frame of side × side pixels with boxes (n, 4).

    heat (g, g, 2): 1 at centres and a Gaussian around them; and its weight, 0 over boxes that are neither right nor
    wrong. size (g, g, 3): log2 of width and height in cells, and their weight, 1 at the centre and its neighbours.
    offset (g, g, 3): from the middle of the cell to the centre, in cells, and its weight.
    """
    grid = side // STRIDE
    heat = np.zeros((grid, grid, 2), np.float32)
    heat[..., 1] = 1
    size, offset = (np.zeros((grid, grid, 3), np.float32) for _ in range(2))
    cells = boxes / STRIDE
    for x0, y0, x1, y1 in cells[~certain]:
        heat[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1)), 1] = 0
    rows, columns = np.mgrid[:grid, :grid]
    largest_first = sorted(cells[certain], key=lambda box: -(box[2] - box[0]) * (box[3] - box[1]))
    for x0, y0, x1, y1 in largest_first:
        x, y, width, height = (x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0
        column, row = (min(max(int(value), 0), grid - 1) for value in (x, y))
        sigma = max(0.6, 0.07 * float(width + height))
        spread = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * sigma**2))
        heat[..., 0] = np.maximum(heat[..., 0], spread)
        heat[row, column] = 1
        near = (slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2))
        size[near] = (np.log2(width), np.log2(height), 1)
        offset[near] = np.stack(
            [x - columns[near] - 0.5, y - rows[near] - 0.5, np.ones_like(rows[near], np.float32)], axis=-1
        )
    return {"heat": heat, "size": size, "offset": offset}
