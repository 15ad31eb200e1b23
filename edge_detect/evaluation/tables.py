"""The figures of an evaluation as headings and rows of text, for the terminal, the report and the model card."""

from typing import Any

from edge_detect.table import bounds, number, percent, signed, with_interval

Rows = list[list[str]]

ROWS = (
    "row",
    "real",
    "fake",
    "AUC (95%)",
    "AP (95%)",
    "EER (95%)",
    "TPR at 1% FPR (95%)",
    "TPR at 0.5% FPR (95%)",
    "real accuracy (95%)",
    "fake accuracy (95%)",
)
_KEYS = ("auc", "ap", "eer", "tpr_at_1pct_fpr", "tpr_at_05pct_fpr", "real_accuracy", "fake_accuracy")
MODELS = ("model", "kB", "million multiply-adds", "ms a crop", "pictures a second", "threads")
COMPARISON = ("row", "difference", "95% interval")
ROBUSTNESS = ("damage", "AUC", "false alarms", "hits", "flips", "changes")


def measured_rows(found: dict[str, Any]) -> Rows:
    """One row for everything, each source, sources taken together, each method, and each size, with intervals."""
    rows = [_row("all", found["all"])]
    rows += [_row(name, values) for kind in ("sources", "together") for name, values in found[kind].items()]
    return rows + [
        _row(f"·\u00a0{name}", values) for kind in ("methods", "sizes") for name, values in found[kind].items()
    ]


def model_rows(models: dict[str, Any]) -> Rows:
    """What each model costs."""
    return [
        [
            name,
            f"{model['bytes'] / 1000:.0f}",
            "" if model["multiply_adds"] is None else f"{model['multiply_adds'] / 1e6:.0f}",
            f"{model['ms_p50']:.2f}",
            f"{model['pictures_per_second']:.0f}",
            str(model["workers"]),
        ]
        for name, model in models.items()
    ]


def robustness_rows(found: dict[str, Any]) -> Rows:
    """Each damage: AUC, and shares in percent."""
    shares = ("false_alarms", "hits", "flips", "changes")
    return [[name, number(values["auc"]), *(percent(values[key]) for key in shares)] for name, values in found.items()]


def comparison_rows(differences: dict[str, Any]) -> Rows:
    """Differences in AUC, with the interval of the paired draws."""
    return [[name, signed(entry["auc"]), bounds(entry["interval"])] for name, entry in differences.items()]


def _row(name: str, values: dict[str, Any]) -> list[str]:
    cells = [with_interval(values.get(key), values["intervals"].get(key)) for key in _KEYS]
    return [name, str(values["real"]), str(values["fake"]), *cells]
