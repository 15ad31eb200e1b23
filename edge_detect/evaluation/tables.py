"""The figures of an evaluation as headings and rows of text, for the terminal, the report and the model card."""

from typing import Any

from edge_detect.table import bounds, limit, number, percent, percent_with_interval, signed, with_interval

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
MODELS = ("model", "kB", "million multiply-adds a look", "ms a crop", "pictures a second", "threads")
VERDICTS = (
    "row",
    "real pictures",
    "called real",
    "uncertain",
    "called fake (95%)",
    "fake pictures",
    "called real (95%)",
    "uncertain",
    "called fake (95%)",
)
OPERATING_POINTS = ("--fpr", "threshold", "false alarms (95%)", "hits (95%)")
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


def verdict_rows(found: dict[str, Any]) -> Rows:
    """Of everything and of each source, how real and fake pictures share out the three verdicts, in percent."""
    return [
        [name, *_verdicts(classes.get("real"), sure=("fake",)), *_verdicts(classes.get("fake"), sure=("real", "fake"))]
        for name, classes in found.items()
    ]


def _verdicts(values: dict[str, Any] | None, sure: tuple[str, ...]) -> list[str]:
    """How many pictures of a class, and the share of each verdict; of those in `sure` also the interval."""
    if not values:
        return [""] * 4
    shares = {verdict: values[verdict] for verdict in ("real", "uncertain", "fake")}
    return [
        str(values["pictures"]),
        *(
            percent_with_interval(one["share"], one["interval"] if verdict in sure else None)
            for verdict, one in shares.items()
        ),
    ]


def operating_rows(found: dict[str, Any]) -> Rows:
    """What each false-alarm rate of the card brings."""
    return [
        [
            rate,
            limit(values["threshold"]),
            *(percent_with_interval(**values[name]) if name in values else "" for name in ("false_alarms", "hits")),
        ]
        for rate, values in found.items()
    ]


def comparison_rows(differences: dict[str, Any]) -> Rows:
    """Differences in AUC, with the interval of the paired draws."""
    return [[name, signed(entry["auc"]), bounds(entry["interval"])] for name, entry in differences.items()]


def _row(name: str, values: dict[str, Any]) -> list[str]:
    cells = [with_interval(values.get(key), values["intervals"].get(key)) for key in _KEYS]
    return [name, str(values["real"]), str(values["fake"]), *cells]
