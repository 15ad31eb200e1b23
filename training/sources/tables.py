"""What is known of the sources, as Markdown."""

import math
from collections import Counter

from edge_detect.table import table
from training.sources.check import Outcome, counts
from training.sources.source import JUDGED, Source, names, read_source


def report(outcome: Outcome) -> str:
    """Figures of a check: pictures by source and reason, near-duplicates by pair of sources, identity of the data."""
    found = counts(outcome)
    reasons = sorted({row["reason"] for row in outcome.dropped})
    heading = ["source", "listed real", "listed fake", *reasons, "file facts"]
    judged = {row["source"] for row in outcome.rows if row["split"] == JUDGED}
    rows = [
        [
            source + " (judged by only)" * (source in judged),
            *(str(counted[key]) for key in ("real", "fake", *reasons)),
            _floor(outcome.floors.get(source)),
        ]
        for source, counted in found.items()
    ]
    total = sum(found.values(), Counter())
    rows.append(["**all**", *(str(total[key]) for key in ("real", "fake", *reasons)), ""])
    pairs = Counter((twin.dropped.source, f"{twin.kept.source}, {twin.kept.split}") for twin in outcome.twins)
    parts = [table(heading, rows)]
    if pairs:
        twins = [[dropped, kept, str(count)] for (dropped, kept), count in sorted(pairs.items())]
        parts.append(
            "Near-duplicates, by what they resemble:\n\n" + table(["dropped", "for one of", "pictures"], twins)
        )
    parts.append(f"No group is in two splits. SHA-256 of the listed data: `{outcome.sha256}`.")
    return "\n\n".join(parts)


def described() -> str:
    """What every source is, in words, one section each."""
    return "\n\n".join(_section(read_source(name)) for name in names())


def _section(source: Source) -> str:
    labels = sorted({f"{entry.label}: {entry.method}" for entry in source.pictures}, reverse=True)
    lines = [
        f"### {source.name}",
        f"{source.about}.",
        "\n".join(
            [
                f"* Home: <{source.home}> at `{source.commit}`",
                f"* Shows {', '.join(labels)}",
                f"* Licence: {source.licence}",
                f"* Use: {source.use}",
                *(["* Never trained on: models are judged by it"] if source.judged_only else []),
                *(f"* Mind: {trap}" for trap in source.traps),
            ]
        ),
    ]
    return "\n\n".join(lines)


def _floor(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"
