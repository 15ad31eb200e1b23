"""What was measured, as tables for the terminal."""

from typing import Any

from edge_detect.evaluation.summary import summary
from edge_detect.evaluation.tables import (
    COMPARISON,
    MODELS,
    OPERATING_POINTS,
    ROBUSTNESS,
    ROWS,
    VERDICTS,
    comparison_rows,
    measured_rows,
    model_rows,
    operating_rows,
    robustness_rows,
    verdict_rows,
)
from edge_detect.table import aligned, number, percent


def text(figures: dict[str, Any]) -> str:
    """The figures of an evaluation for people: a summary, the models, and for each split the tables of each model."""
    parts = [
        "\n".join(" ".join(sentences) for sentences in summary(figures).values()),
        aligned(MODELS, model_rows(figures["models"])),
    ]
    for split, measured in figures["splits"].items():
        for model, found in measured["models"].items():
            parts += _split(f"{split}, {model}", found, measured["file_floors"]["all"])
    for model, compared in figures["int8_against_float32"].items():
        for split, differences in compared["splits"].items():
            title = f"== {split}: AUC of {model} less that of {compared['float32']} =="
            parts += [title, aligned(COMPARISON, comparison_rows(differences))]
    return "\n\n".join(parts)


def _split(title: str, found: dict[str, Any], floor: float | None) -> list[str]:
    parts = [f"== {title} ==", aligned(ROWS, measured_rows(found)), aligned(VERDICTS, verdict_rows(found["verdicts"]))]
    if found["operating_points"]:
        parts.append(aligned(OPERATING_POINTS, operating_rows(found["operating_points"])))
    lines = []
    if found["calibration"]:
        lines.append(f"calibration error {found['calibration']['ece']:.3f}, Brier {found['calibration']['brier']:.3f}")
    if found["risk_coverage"]:
        decided = found["risk_coverage"]
        lines.append(
            f"decided {percent(decided['coverage'])}, of which wrong {percent(decided['error'])}; real and fake weigh "
            "alike"
        )
    lines.append(f"floors: file facts alone reach AUC {number(floor) or 'unknown'}")
    apart = found["real_against_real"]["largest"]
    if apart is not None:
        lines[-1] += f"; the score tells reals of two sources apart with AUC up to {0.5 + apart:.3f}"
    parts.append("\n".join(lines))
    if found["robustness"]:
        parts.append(aligned(ROBUSTNESS, robustness_rows(found["robustness"])))
    return parts
