"""The figures of released classifiers, as `edge-detect evaluate` measures them, for metrics.json and the model card."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from edge_detect.card import read_packed, write_packed
from edge_detect.evaluation.comparison import flat, twins
from edge_detect.evaluation.damage import DAMAGES, Damage
from edge_detect.evaluation.evaluate import REPORTED, evaluate
from edge_detect.evaluation.tables import OPERATING_POINTS, VERDICTS, operating_rows, verdict_rows
from edge_detect.manifest import data_hash, read_manifests
from edge_detect.table import bounds, number, percent, signed, table, with_interval

SECTIONS = ("overview", "details", "verdicts", "operating points", "key rows", "robustness", "calibration")
USUAL = "JPEG 70"
"""The damage whose flips stand in the overview."""
_HEADINGS = (
    "",
    "real",
    "fake",
    "AUC (95%)",
    "AP",
    "EER",
    "TPR at 1% FPR",
    "TPR at 0.5% FPR",
    "balanced accuracy",
    "false alarms",
    "hits",
    "AUC of file facts",
)
_KEYS = ("ap", "eer", "tpr_at_1pct_fpr", "tpr_at_05pct_fpr", "balanced_accuracy")
_DRAWN = {"calibration": "bins", "risk_coverage": "curve"}
"""What of a figure is only there to be drawn, and stays out of metrics.json."""


def measure(
    paths: list[Path],
    data: list[Path],
    together: Sequence[Sequence[str]] = (),
    damages: tuple[Damage, ...] = DAMAGES,
) -> dict[Path, dict[str, Any]]:
    """Measure packed models on the splits `test` and `unseen` of manifests; return their entries for metrics.json.

    together: sources that are also measured as one, where the data have all of them. The float model that an int8 one
    is set against is damaged as usual only: nobody runs it, and it is slow. A short form of an entry is written into
    the model's card.
    """
    samples = read_manifests(data)
    references = {
        Path(reference) for _, reference in twins([*map(str, paths)], [read_packed(path)[1] for path in paths])
    }
    usual = tuple(damage for damage in damages if damage.name == USUAL)
    there = {sample.source for sample in samples if sample.split in REPORTED}
    evaluation = evaluate(
        paths,
        samples,
        together=[names for names in together if there.issuperset(names)],
        damages=damages,
        fewer=dict.fromkeys(references, usual),
    )
    figures = evaluation.figures
    sha256 = data_hash([sample for sample in samples if sample.split in evaluation.splits])
    entries = {}
    for path, (model, about) in zip(paths, figures["models"].items(), strict=True):
        entry = {
            "threshold": about["thresholds"]["fake"],
            "multiply_adds": about["multiply_adds"],
            "data_sha256": sha256,
            "splits": {split: _split(measured, model) for split, measured in figures["splits"].items()},
            "against_float32": figures["int8_against_float32"].get(model),
        }
        entries[path] = entry
        flatbuffer, card = read_packed(path)
        short = {split: _without(found["all"], "intervals") for split, found in entry["splits"].items()}
        write_packed(path, flatbuffer, dataclasses.replace(card, metrics=short))
    return entries


def _split(measured: dict[str, Any], model: str) -> dict[str, Any]:
    """What metrics.json keeps of one model on one split."""
    found = dict(measured["models"][model])
    for key, drawn in _DRAWN.items():
        found[key] = found[key] and _without(found[key], drawn)
    return {**found, "file_floors": measured["file_floors"]}


def _without(values: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key != name}


def sections(metrics: dict[str, Any], shown: str) -> dict[str, str]:
    """The tables of a model card by the name of their place: of all models, and in detail of the one that is shown."""
    entry = metrics[shown]
    written = (
        overview(metrics, shown),
        details(entry),
        by_split(entry, "verdicts", VERDICTS, verdict_rows),
        by_split(entry, "operating_points", OPERATING_POINTS, operating_rows),
        key_rows(metrics, shown),
        robustness(entry),
        calibration(entry),
    )
    return dict(zip(SECTIONS, written, strict=True))


def overview(metrics: dict[str, Any], shown: str) -> str:
    """One row per model: size, multiply-adds of a look, latency, AUC over each split and each source with both classes.

    Hits are of both splits, false alarms of the one that is farthest from training, flips of the nearest. Entries from
    before these were measured have blanks there.
    """
    first = metrics[shown]["splits"]
    columns = [(split, "all") for split in first]
    columns += [
        (split, name)
        for split, figures in first.items()
        for name, values in figures["sources"].items()
        if values["fake"] and values["own_reals"]
    ]
    heading = ["model", "kB", "M mult-adds a look", "ms a crop", "crops seen", "hours"]
    heading += [f"{split}: {name}" for split, name in columns]
    nearest, farthest = next(iter(first)), list(first)[-1]
    heading += [*(f"{split}: hits" for split in first), f"{farthest}: false alarms", f"{nearest}: flips by {USUAL}"]
    rows = []
    for model, entry in sorted(metrics.items()):
        splits = entry["splits"]
        rows.append(
            [
                model,
                f"{entry['bytes'] / 1000:.0f}",
                f"{entry['multiply_adds'] / 1e6:.0f}" if entry.get("multiply_adds") else "",
                f"{entry['ms_p50']:.2f}",
                f"{entry['crops_seen'] / 1e6:.2f} M",
                f"{entry['hours']:.1f}",
                *(
                    number({"all": splits[split]["all"], **splits[split]["sources"]}[name].get("auc"))
                    for split, name in columns
                ),
                *(percent(_hits(splits[split]["all"])) for split in first),
                percent(_false_alarms(splits[farthest]["all"])),
                percent(_flips(splits[nearest])),
            ]
        )
    return table(heading, rows)


def details(entry: dict[str, Any]) -> str:
    """All figures of one model: a table per split, with a row over all, per source, and per method."""
    parts = []
    for split, figures in entry["splits"].items():
        floors = figures["file_floors"]
        rows = [_row("**all**", figures["all"], floors["all"])]
        rows += [_row(name, values, floors["sources"].get(name)) for name, values in figures["sources"].items()]
        for kind in ("together", "methods", "sizes"):
            mark = "" if kind == "together" else "· "
            rows += [_row(f"{mark}{name}", values) for name, values in figures[kind].items()]
        parts.append(f"Split `{split}`:\n\n{table(_HEADINGS, rows)}")
    return "\n\n".join(parts)


def by_split(
    entry: dict[str, Any], name: str, heading: Sequence[str], rows: Callable[[dict[str, Any]], list[list[str]]]
) -> str:
    """One of the tables of `edge-detect evaluate` for each split of one model."""
    return "\n\n".join(
        f"Split `{split}`:\n\n{table(heading, rows(figures[name]))}" for split, figures in entry["splits"].items()
    )


def key_rows(metrics: dict[str, Any], shown: str) -> str:
    """An int8 model against the float32 model beside it: AUC over all and of each source, flips, false alarms."""
    against = metrics[shown]["against_float32"]
    if not against:
        return "No float32 model was measured beside it."
    one, two = (metrics[name]["splits"] for name in (shown, against["float32"]))
    rows = []
    for split, compared in against["splits"].items():
        mine, theirs = flat(one[split]), flat(two[split])
        for name in ("all", *one[split]["sources"], *one[split]["together"]):
            if name in compared:
                sure = bounds(compared[name]["interval"])
                difference = signed(compared[name]["auc"]) + (f" ({sure})" if sure else "")
                rows.append([f"{split}: {name}", *(number(side[name]["auc"]) for side in (mine, theirs)), difference])
        for words, figure in (
            (f"flips by {USUAL}", _flips),
            ("false alarms", lambda found: _false_alarms(found["all"])),
        ):
            values = (figure(one[split]), figure(two[split]))
            difference = "" if None in values else f"{100 * (values[0] - values[1]):+.1f} points"
            rows.append([f"{split}: {words}", *map(percent, values), difference])
    return table(("AUC, or share", shown, against["float32"], "difference (95%)"), rows)


def robustness(entry: dict[str, Any]) -> str:
    """What damage does to one model, split by split."""
    shares = ("false_alarms", "hits", "flips", "changes")
    tables = {split: found["robustness"] for split, found in entry["splits"].items() if found["robustness"]}
    parts = []
    for split, found in tables.items():
        rows = [
            [damage, number(values["auc"]), *(percent(values[key]) for key in shares)]
            for damage, values in found.items()
        ]
        heading = ("", "AUC", *(key.replace("_", " ") for key in shares))
        parts.append(f"Split `{split}`:\n\n{table(heading, rows)}")
    return "\n\n".join(parts) or "Not measured."


def calibration(entry: dict[str, Any]) -> str:
    """One row per split: whether scores are probabilities, what the uncertain band does, and the leakage floors."""
    heading = ("", "ECE", "Brier", "decided", "wrong among the decided", "AUC of file facts", "reals apart by up to")
    rows = []
    for split, found in entry["splits"].items():
        fitted, decided = found["calibration"] or {}, found["risk_coverage"] or {}
        figures = (number(fitted.get("ece")), number(fitted.get("brier")))
        shares = (percent(decided.get("coverage")), percent(decided.get("error")))
        floors = (number(found["file_floors"]["all"]), number(found["real_against_real"]["largest"]))
        rows.append([split, *figures, *shares, *floors])
    return table(heading, rows)


def _row(label: str, values: dict[str, Any], floor: float | None = None) -> list[str]:
    auc = with_interval(values.get("auc"), values["intervals"].get("auc"))
    cells = (number(value) for value in (*map(values.get, _KEYS), _false_alarms(values), values.get("fake_accuracy")))
    return [label, str(values["real"]), str(values["fake"]), auc, *cells, number(floor)]


def _false_alarms(values: dict[str, Any]) -> float | None:
    """The share of reals called fake; None where there are none."""
    return 1 - values["real_accuracy"] if "real_accuracy" in values else None


def _hits(values: dict[str, Any]) -> float | None:
    """The share of fakes called fake; None where there are none."""
    return values.get("fake_accuracy")


def _flips(found: dict[str, Any]) -> float | None:
    """The share of verdicts that flip under the usual damage."""
    return found["robustness"][USUAL]["flips"] if found.get("robustness") else None
