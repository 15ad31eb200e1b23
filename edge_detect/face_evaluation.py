"""How well a finder finds: recall of certain faces by size and by source, and boxes where no face is."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_detect.faces import FaceFinder, Found
from edge_detect.matching import Matches, match
from edge_detect.pool import in_order
from edge_detect.scenes import Scene, load_scene
from edge_detect.table import number, table

SIZES = {"large": (0.08, np.inf), "medium": (0.04, 0.08), "small": (0.0, 0.04)}
"""Classes of faces: longer side of the box over longer side of the picture, from and below."""
IN_WORDS = {"large": "8% or more", "medium": "4 to 8%", "small": "under 4%"}


@dataclass(frozen=True)
class Outcome:
    """What was found in one scene; sizes (certain faces,): their shares of the picture's longer side."""

    scene: Scene
    matches: Matches
    sizes: NDArray[np.float32]


def evaluate_faces(
    finders: Sequence[FaceFinder],
    scenes: Sequence[Scene],
    *,
    small_faces: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Figures over scenes: recall by size, false boxes per picture, share of faceless pictures without a box.

    A face is found when a box shares half or more with it (intersection over union); a box is false when it touches
    no labelled face, doubtful ones included. finders: the same one for each thread; advance is called for each scene.
    Raises PictureError, which names the file, when a scene cannot be read.
    """
    outcomes = []
    for outcome in in_order(scenes, finders, partial(_outcome, small_faces=small_faces)):
        outcomes.append(outcome)
        advance()
    sources = sorted({scene.source for scene in scenes})
    by_source = {source: _figures([o for o in outcomes if o.scene.source == source]) for source in sources}
    return {**_figures(outcomes), "sources": by_source}


def tables(figures: dict[str, dict[str, Any]]) -> str:
    """Markdown: one row per entry of `figures` (name → result of `evaluate_faces`), and below it one per source."""
    heading = (
        "",
        "pictures",
        *(f"faces {IN_WORDS[size]}" for size in SIZES),
        "false boxes a picture",
        "faceless",
        "clean",
    )
    rows = []
    for name, values in figures.items():
        rows.append(_row(f"**{name}**", values))
        rows += [_row(source, inner) for source, inner in values["sources"].items()]
    return table(heading, rows)


def as_arrays(found: Iterable[Found]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Boxes (n, 4) and scores (n,) of found faces."""
    faces = list(found)
    boxes = np.array([(f.box.x0, f.box.y0, f.box.x1, f.box.y1) for f in faces], np.float32).reshape(-1, 4)
    return boxes, np.array([f.score for f in faces], np.float32)


def _outcome(finder: FaceFinder, scene: Scene, *, small_faces: bool) -> Outcome:
    boxes, _ = as_arrays(finder.find(load_scene(scene), small_faces=small_faces))
    return Outcome(scene, match(boxes, scene.boxes, scene.certain), scene.sizes[scene.certain])


def _figures(outcomes: list[Outcome]) -> dict[str, Any]:
    sizes = np.concatenate([outcome.sizes for outcome in outcomes])
    hits = np.concatenate([outcome.matches.hit for outcome in outcomes])
    by_size = {}
    for name, (least, below) in SIZES.items():
        inside = (sizes >= least) & (sizes < below)
        by_size[name] = {"faces": int(inside.sum()), "recall": _share(hits[inside])}
    empty = [outcome.matches for outcome in outcomes if not len(outcome.scene.boxes)]
    return {
        "pictures": len(outcomes),
        "sizes": by_size,
        "false_boxes_per_picture": _share([int(outcome.matches.false.sum()) for outcome in outcomes]),
        "faceless": len(empty),
        "faceless_without_a_box": _share([len(matches.false) == 0 for matches in empty]),
    }


def _share(values: "Sequence[int] | NDArray[np.bool_]") -> float | None:
    """The mean to four digits; None of nothing."""
    return round(float(np.mean(values)), 4) if len(values) else None


def _row(label: str, values: dict[str, Any]) -> list[str]:
    sizes = values["sizes"].values()
    return [
        label,
        str(values["pictures"]),
        *(f"{number(size['recall'])} of {size['faces']}" if size["faces"] else "" for size in sizes),
        number(values["false_boxes_per_picture"]),
        str(values["faceless"] or ""),
        number(values["faceless_without_a_box"]),
    ]
