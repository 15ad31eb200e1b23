"""Tables in Markdown, written between marker comments, so that no figure is ever typed in by hand."""

import json
import re
from pathlib import Path
from typing import Any

from edge_detect.card import Card
from edge_detect.errors import UsageError

_HEADINGS = ("", "real", "fake", "AUC", "AP", "EER", "TPR at 1% FPR", "balanced accuracy", "false alarms", "hits")
_KEYS = ("auc", "ap", "eer", "tpr_at_1pct_fpr", "balanced_accuracy", "false_alarms", "hits")


def update_metrics(path: Path, entries: dict[str, Any]) -> dict[str, Any]:
    """Merge entries into a metrics.json and return all that it holds now.

    Older entries stay only where they were measured on the same pictures.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pictures = {entry["data_sha256"] for entry in entries.values()}
    merged = {name: entry for name, entry in known.items() if entry["data_sha256"] in pictures} | entries
    path.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    return merged


def key(card: Card) -> str:
    """The name of a model in metrics.json."""
    return f"{card.name}-{card.precision}"


def overview(metrics: dict[str, Any]) -> str:
    """One row per model: size, latency, and AUC over each split and each source that has both classes."""
    first = next(iter(metrics.values()))["splits"]
    columns = [(split, "all") for split in first]
    columns += [
        (split, source)
        for split, figures in first.items()
        for source, values in figures["sources"].items()
        if values["fake"] and values["real"] < figures["all"]["real"]
    ]

    def auc(entry: dict[str, Any], split: str, source: str) -> float:
        figures = entry["splits"][split]
        return (figures["all"] if source == "all" else figures["sources"][source])["auc"]

    heading = ["model", "kB", "ms a crop", "crops seen", "hours", *(f"{split}: {source}" for split, source in columns)]
    rows = [
        [
            name,
            f"{entry['bytes'] / 1000:.0f}",
            f"{entry['crop_ms_p50']:.2f}",
            f"{entry['crops_seen'] / 1e6:.2f} M",
            f"{entry['hours']:.1f}",
            *(f"{auc(entry, *column):.3f}" for column in columns),
        ]
        for name, entry in sorted(metrics.items())
    ]
    return table(heading, rows)


def details(entry: dict[str, Any]) -> str:
    """All figures of one model: a table per split, with a row over all, per source, and per method."""
    parts = []
    for split, figures in entry["splits"].items():
        rows = [_row("**all**", figures["all"])]
        rows += [_row(source, values) for source, values in figures["sources"].items()]
        rows += [_row(f"· {method}", values) for method, values in figures["methods"].items()]
        parts.append(f"Split `{split}`:\n\n{table(_HEADINGS, rows)}")
    return "\n\n".join(parts)


def table(heading: "list[str] | tuple[str, ...]", rows: list[list[str]]) -> str:
    """A Markdown table, all columns but the first aligned right."""
    lines = [heading, ["---", *["--:"] * (len(heading) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def check_markers(path: Path, *names: str) -> None:
    """Raise UsageError when a file lacks `<!-- name -->` or `<!-- /name -->`, which say where figures go."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for name in names:
        if len(re.findall(f"<!-- {name} -->.*?<!-- /{name} -->", text, re.DOTALL)) != 1:
            raise UsageError(f"{path} must hold the markers <!-- {name} --> and <!-- /{name} --> once")


def replace_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->` in a file; raises UsageError without them."""
    check_markers(path, name)
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = path.read_text(encoding="utf-8")
    path.write_text(re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{text}\n{end}", old, flags=re.DOTALL), "utf-8")


def _row(label: str, values: dict[str, Any]) -> list[str]:
    cells = [f"{values[key]:.3f}" if key in values else "" for key in _KEYS]
    return [label, str(values["real"]), str(values["fake"]), *cells]
