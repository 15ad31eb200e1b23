"""The figures of a released finder, through the runtime that users run."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_detect.card import read_packed, write_packed
from edge_detect.errors import UsageError
from edge_detect.face_evaluation import IN_WORDS, evaluate_faces, tables
from edge_detect.faces import FaceFinder
from edge_detect.network import Network
from edge_detect.scenes import Scene, read_scenes, scenes_hash
from edge_detect.table import number, table

MODES = {"whole": "the picture at once", "tiles": "and its tiles (`--small-faces`)"}


SECTIONS = ("overview", "details")


def measure(paths: list[Path], data: list[Path], together: Sequence[Sequence[str]] = ()) -> dict[Path, dict[str, Any]]:
    """Search the split `test` of scene folders with packed finders; return their entries for metrics.json.

    A short form of an entry is written into the finder's card. Raises UsageError when there is no such picture, or
    sources are to be taken together, which is for classifiers.
    """
    if together:
        raise UsageError("--together is for classifiers; leave it out for finders")
    scenes = [scene for folder in data for scene in read_scenes(folder) if scene.split == "test"]
    if not scenes:
        raise UsageError("a finder is measured on scenes of the split 'test', and there are none")
    return {path: _measure(path, scenes) for path in paths}


def _measure(path: Path, scenes: list[Scene]) -> dict[str, Any]:
    flatbuffer, card = read_packed(path)
    finder = FaceFinder(Network(flatbuffer, card))
    modes = {name: evaluate_faces([finder], scenes, small_faces=name == "tiles") for name in MODES}
    short = {
        name: {key: value for key, value in figures.items() if key != "sources"} for name, figures in modes.items()
    }
    write_packed(path, flatbuffer, dataclasses.replace(card, metrics=short))
    return {
        "thresholds": {"whole": card.thresholds.face, "tiles": card.thresholds.face_tiles},
        "data_sha256": scenes_hash(scenes),
        "modes": modes,
    }


def sections(metrics: dict[str, Any], shown: str) -> dict[str, str]:
    """The tables of a model card by the name of their place: of all models, and in detail of the one that is shown."""
    return {"overview": overview(metrics), "details": details(metrics[shown])}


def overview(metrics: dict[str, Any]) -> str:
    """One row per model: size, latency, recall of large and small faces, false boxes, faceless pictures left alone."""
    heading = [
        "model",
        "kB",
        "ms a search",
        "ms a frame",
        "frames seen",
        "hours",
        f"faces {IN_WORDS['large']}",
        "false boxes a picture",
    ]
    heading += ["faceless, no box", f"with tiles: faces {IN_WORDS['medium']}", "false boxes a picture"]
    rows = []
    for name, entry in sorted(metrics.items()):
        once, tiled = entry["modes"]["whole"], entry["modes"]["tiles"]
        rows.append(
            [
                name,
                f"{entry['bytes'] / 1000:.0f}",
                f"{entry['ms_p50']:.2f}",
                f"{entry['frame_ms_p50']:.2f}",
                f"{entry['crops_seen'] / 1e6:.2f} M",
                f"{entry['hours']:.1f}",
                number(once["sizes"]["large"]["recall"]),
                number(once["false_boxes_per_picture"]),
                number(once["faceless_without_a_box"]),
                number(tiled["sizes"]["medium"]["recall"]),
                number(tiled["false_boxes_per_picture"]),
            ]
        )
    return table(heading, rows)


def details(entry: dict[str, Any]) -> str:
    """All figures of one model: by size of the face and by source, searched at once and with tiles."""
    return tables({MODES[name]: figures for name, figures in entry["modes"].items()})
