"""Sources that are judged by only: how a model does on what other people made, of which it never saw a picture."""

from pathlib import Path
from typing import Any

from edge_detect.document import byline
from edge_detect.errors import UsageError
from edge_detect.evaluation.evaluate import evaluate
from edge_detect.manifest import FAKE, REAL, read_manifest
from edge_detect.table import percent_with_interval, table, with_interval
from training.sources.source import JUDGED

_HEADING = ("", "real", "fake", "AUC (95%)", "reals called fake", "fakes called real", "fakes called fake")


def compare(model: Path, data: Path) -> str:
    """Which classifier it was, and a table over all and for each source: AUC, and how verdicts are shared out.

    data: what `python -m training.sources check` listed. A source without real pictures is measured against the reals
    of all. Raises UsageError when there are no sources that are judged by only, or not both classes among them.
    """
    samples = [sample for sample in read_manifest(data) if sample.split == JUDGED]
    if {sample.label for sample in samples} != {REAL, FAKE}:
        raise UsageError(f"{data} lists no reals and fakes that are judged by only: build and check such sources first")
    split = evaluate([model], samples, splits=[JUDGED], damages=()).figures["splits"][JUDGED]
    (found,) = split["models"].values()
    measured = {"all": found["all"], **found["sources"]}
    rows = [_row(name, values, found["verdicts"][name]) for name, values in measured.items()]
    return f"{byline(model)}\n\n{table(_HEADING, rows)}"


def _row(name: str, values: dict[str, Any], shares: dict[str, Any]) -> list[str]:
    """Figures of merit of a source, and the shares of the verdicts by class."""
    counts = [str(shares[label]["pictures"]) if label in shares else "" for label in ("real", "fake")]
    auc = with_interval(values.get("auc"), values["intervals"].get("auc"))
    asked = (("real", "fake"), ("fake", "real"), ("fake", "fake"))
    called = [percent_with_interval(**shares[label][verdict]) if label in shares else "" for label, verdict in asked]
    return [name, *counts, auc, *called]
