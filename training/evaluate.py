"""Measure released files and write what was found where people read it."""

from pathlib import Path

from edge_detect.bench import bench, inference
from edge_detect.card import Card
from edge_detect.errors import UsageError
from edge_detect.network import Network
from training import classifier_figures, finder_figures, report

FIGURES = {"classifier": classifier_figures, "finder": finder_figures}


def evaluate(models: list[Path], data: list[Path], out: Path, readme: Path | None = None) -> str:
    """Measure models of one kind; write `out`/metrics.json and the tables of `out`/README.md and `readme`.

    Their overview is returned. Raises UsageError when the kinds differ or a file lacks the markers for its tables.
    """
    networks = {path: Network.load(path) for path in models}
    cards = {path: network.card for path, network in networks.items()}
    if len({card.kind for card in cards.values()}) != 1:
        raise UsageError("classifiers and finders are measured apart: name models of one kind")
    kind = FIGURES[cards[models[0]].kind]
    shown = next((card for card in cards.values() if card.precision == "int8"), cards[models[0]])
    report.check_markers(out / "README.md", "overview", "details")
    if readme:
        report.check_markers(readme, "overview")

    latencies = bench({str(path): inference(network) for path, network in networks.items()})
    entries = {
        _key(card): {**kind.measure(path, data), "ms_p50": round(latency.p50, 2)}
        for (path, card), latency in zip(cards.items(), latencies, strict=True)
    }
    metrics = report.update_metrics(out / "metrics.json", entries)
    overview = kind.overview(metrics)
    report.replace_between(out / "README.md", "overview", overview)
    report.replace_between(out / "README.md", "details", kind.details(metrics[_key(shown)]))
    if readme:
        report.replace_between(readme, "overview", overview)
    return overview


def _key(card: Card) -> str:
    """The name of a model in metrics.json."""
    return f"{card.name}-{card.precision}"
