"""Measure released files and write what was found where people read it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge_detect.bench import bench, frame, inference
from edge_detect.card import Card
from edge_detect.detector import Detector
from edge_detect.document import check_markers, replace_between
from edge_detect.errors import UsageError
from edge_detect.faces import FaceFinder
from edge_detect.models import FINDER, find_model
from edge_detect.network import Network
from edge_detect.writable import write_whole
from training import classifier_figures, finder_figures

FIGURES = {"classifier": classifier_figures, "finder": finder_figures}
TRAINED = ("crops_seen", "hours")
"""What an entry takes over from a model's card."""


def evaluate(
    models: list[Path],
    data: list[Path],
    out: Path,
    readme: Path | None = None,
    together: Sequence[Sequence[str]] = (),
) -> str:
    """Measure models of one kind; write `out`/metrics.json and the tables of `out`/README.md and `readme`.

    together: sources that are also measured as one, by a classifier. Their overview is returned. Raises UsageError when
    the kinds differ, two files are of one model and precision, a card lacks what training says of a model, or a file
    lacks the markers for its tables.
    """
    networks = {path: Network.load(path) for path in models}
    cards = {path: network.card for path, network in networks.items()}
    if len({card.kind for card in cards.values()}) != 1:
        raise UsageError("classifiers and finders are measured apart: name models of one kind")
    keys = [_key(cards[path]) for path in models]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise UsageError(
            f"two of the files are {twice[0]}, which can have one entry only: name one version of each model"
        )
    for path, card in cards.items():
        if lacking := [key for key in TRAINED if key not in card.training]:
            raise UsageError(
                f"the card of {path} does not say {' and '.join(lacking)}, as one that was converted without a card: "
                "measure it with edge-detect evaluate"
            )
    kind = FIGURES[cards[models[0]].kind]
    shown = next((card for card in cards.values() if card.precision == "int8"), cards[models[0]])
    check_markers(out / "README.md", *kind.SECTIONS)
    if readme:
        check_markers(readme, "overview")

    runs = {str(path): inference(network) for path, network in networks.items()}
    runs |= {f"{path} frame": frame(_whole_chain(network)) for path, network in networks.items()}
    milliseconds = {latency.name: round(latency.p50, 2) for latency in bench(runs)}
    entries = {}
    for path, figures in kind.measure(models, data, together).items():
        card = cards[path]
        about = {"file": path.name, "sha256": card.sha256, "bytes": path.stat().st_size}
        trained = {key: card.training[key] for key in TRAINED}
        timed = {"ms_p50": milliseconds[str(path)], "frame_ms_p50": milliseconds[f"{path} frame"]}
        entries[_key(card)] = {**about, **trained, **timed, **figures}
    metrics = update_metrics(out / "metrics.json", entries)
    sections = kind.sections(metrics, _key(shown))
    for name, text in sections.items():
        replace_between(out / "README.md", name, text)
    if readme:
        replace_between(readme, "overview", sections["overview"])
    return sections["overview"]


def update_metrics(path: Path, entries: dict[str, Any]) -> dict[str, Any]:
    """Merge entries into a metrics.json and return all that it holds now.

    Older entries stay only where they were measured on the same pictures, and those of the same models only as long as
    their files are there.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pictures = {entry["data_sha256"] for entry in entries.values()}
    models = {_model(name) for name in entries}
    kept = {
        name: entry
        for name, entry in known.items()
        if entry["data_sha256"] in pictures and (_model(name) not in models or (path.parent / entry["file"]).exists())
    }
    merged = kept | entries
    write_whole(path, (json.dumps(merged, indent=1) + "\n").encode())
    return merged


def _whole_chain(network: Network) -> Detector:
    """A detector of this network and the shipped one of the other kind."""
    if network.card.kind == "finder":
        return Detector(Network.load(find_model()), FaceFinder(network))
    return Detector(network, FaceFinder(Network.load(find_model(FINDER))))


def _key(card: Card) -> str:
    """The name of a model's file in metrics.json."""
    return f"{card.name}-{card.precision}"


def _model(key: str) -> str:
    """The name of the model, from that of its file in metrics.json."""
    return key.removesuffix("-io").rpartition("-")[0]  # of the precisions, int8-io alone has a dash
