"""The report of an evaluation: one HTML file with everything inside, no script, and nothing loaded from elsewhere."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from edge_detect.evaluation import plots
from edge_detect.evaluation.evaluate import Evaluation
from edge_detect.evaluation.page import anchor, figure, page, section, table
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
from edge_detect.table import number, percent, with_interval


def report(evaluation: Evaluation) -> str:
    """The whole page: what the figures say of the first model, the models, and each split."""
    figures = evaluation.figures
    shown = next(iter(figures["models"]))
    splits = figures["splits"]
    body = [
        section("In short", f'<div class="summary">{"".join(_said(*said) for said in summary(figures).items())}</div>'),
        section(
            "The models",
            table("Cost, on this machine; milliseconds on one thread", MODELS, model_rows(figures["models"])),
        ),
        *(section(f"Split {split}", "\n".join(_split(evaluation, split, shown)), split) for split in splits),
    ]
    title = f"{shown}: how well it tells fake from real"
    draws = figures["intervals"]
    about = (
        "AUC is the chance that a fake scores higher than a real picture: 0.5 is a coin, 1 is perfect. Figures in "
        f"brackets are {draws['coverage']:.0%} intervals from {draws['draws']:,} draws of groups: pictures of one "
        "origin are drawn together; where there are none, there were too few groups, or all draws agreed. A source or "
        "method without real pictures of its own is measured against all real pictures of its split. Accuracies are "
        "shares called rightly at the card's threshold; uncertain counts as not fake."
    )
    links = " ".join(f'<a href="#{anchor(split)}">{escape(split)}</a>' for split in splits)
    return page(title, about, links, "\n".join(body))


def _split(evaluation: Evaluation, name: str, shown: str) -> Iterator[str]:
    """Tables of all models, drawings of the one that is asked about."""
    measured = evaluation.figures["splits"][name]
    found, models = measured["models"][shown], measured["models"]
    counts = f"{measured['real']} real and {measured['fake']} fake pictures"
    yield f'<p class="note">{counts} of {measured["sources"]} sources, in {measured["groups"]} groups.</p>'
    yield table(f"{shown} by source, by method and by size", ROWS, measured_rows(found))
    yield table(f"What the verdicts of {shown} are worth", VERDICTS, verdict_rows(found["verdicts"]))
    if found["operating_points"]:
        caption = f"Other thresholds of {shown}, by the false-alarm rate that they were chosen for"
        yield table(caption, OPERATING_POINTS, operating_rows(found["operating_points"]))
    yield f'<div class="plots">{"".join(_figures(evaluation, name, shown))}</div>'
    if found["robustness"]:
        yield table(
            f"{shown} after damage; flips: changes to or from fake", ROBUSTNESS, robustness_rows(found["robustness"])
        )
    yield from _floors(measured, found)
    for model in list(models)[1:]:
        yield table(f"{model} by source, by method and by size", ROWS, measured_rows(models[model]))
    for model, compared in evaluation.figures["int8_against_float32"].items():
        caption = f"AUC of {model} less that of {compared['float32']}, with the interval of paired draws"
        yield table(caption, COMPARISON, comparison_rows(compared["splits"][name]))


def _figures(evaluation: Evaluation, name: str, shown: str) -> Iterator[str]:
    """The drawings of a split; those that need a class that is missing are left out."""
    split, model = evaluation.splits[name], evaluation.figures["models"][shown]
    measured = evaluation.figures["splits"][name]["models"]
    found, scores = measured[shown], evaluation.scored[name][shown].scores[0]
    key = anchor(name)
    if split.both:
        alt = "ROC curves: " + _spoken(found["sources"], "auc")
        yield figure("ROC by source with fakes", plots.svg(plots.roc_curves(split, scores), f"{key}-roc", alt))
    limits = model["thresholds"]
    alt = f"Histogram of scores; fake from {limits['fake']:.2f}, real below {limits['real']:.2f}"
    drawing = plots.svg(plots.histogram(split, scores, limits), f"{key}-histogram", alt)
    yield figure("Scores; grey: the uncertain band", drawing)
    calibration, decided = found["calibration"], found["risk_coverage"]
    if calibration:
        alt = "; ".join(f"score {b['score']:.2f}: {b['fakes']:.2f} fake" for b in calibration["bins"])
        caption = (
            f"Reliability: expected calibration error {calibration['ece']:.3f} in {len(calibration['bins'])} bins of "
            f"equal weight, Brier score {calibration['brier']:.3f}; both classes weigh alike"
        )
        yield figure(caption, plots.svg(plots.reliability_plot(calibration), f"{key}-reliability", alt))
    if decided:
        caption = f"Risk–coverage: the card decides {percent(decided['coverage'])}"
        caption += f", of which {percent(decided['error'])} is wrong" if decided["coverage"] else ""
        caption += "; both classes weigh alike"
        yield figure(caption, plots.svg(plots.risk_plot(decided), f"{key}-risk", caption))
    damaged = {name: values["robustness"] for name, values in measured.items() if values["robustness"]}
    if damaged and split.both:
        for measure, words in (("auc", "AUC"), ("flips", "Flipped verdicts, as a share,")):
            alt = f"{words} after damage: " + _spoken(damaged[shown], measure)
            drawing = plots.svg(plots.robustness_plot(damaged, measure), f"{key}-{measure}", alt, (4.4, 5.6))
            yield figure(f"{words} after damage; the upright line: undamaged", drawing)
    matrix = found["cross_source"]
    if matrix["reals"] and matrix["fakes"]:
        cells = [
            f"{fakes} against {reals} {number(value)}"
            for reals, values in zip(matrix["reals"], matrix["auc"], strict=True)
            for fakes, value in zip(matrix["fakes"], values, strict=True)
        ]
        alt = "Heat map of AUC, fakes against reals: " + ", ".join(cells)
        drawing = plots.svg(plots.heat_map(matrix), f"{key}-cross", alt, (4.4, 4.2))
        yield figure("AUC of the fakes of one source against the reals of another", drawing)


def _floors(measured: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """What is reached without looking at faces, and how far the score tells sources apart."""
    files = measured["file_floors"]
    rows = [["all", number(files["all"]), with_interval(found["all"].get("auc"), found["all"]["intervals"].get("auc"))]]
    for source, value in files["sources"].items():
        values = found["sources"][source]
        rows.append([source, number(value), with_interval(values.get("auc"), values["intervals"].get("auc"))])
    caption = "Floor: a classifier that sees side, bytes and JPEG quality of the files only, cross-validated by group"
    yield table(caption, ("row", "AUC of file facts", "AUC of the model (95%)"), rows)
    pairs = found["real_against_real"]["pairs"]
    if pairs:
        caption = (
            "Floor: how far the score tells the real pictures of two sources apart, where 0.5 is right; largest "
            f"distance {found['real_against_real']['largest']:.3f}"
        )
        ranked = sorted(pairs, key=lambda pair: -abs(pair[2] - 0.5))
        yield table(caption, ("lower", "higher", "AUC"), [_ordered(*pair) for pair in ranked])


def _ordered(one: str, two: str, value: float) -> list[str]:
    return [one, two, number(value)] if value >= 0.5 else [two, one, number(1 - value)]


def _said(split: str, sentences: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<h3>{escape(split)}</h3><ul>{items}</ul>"


def _spoken(values: dict[str, Any], key: str) -> str:
    return ", ".join(f"{name} {number(inner[key])}" for name, inner in values.items() if inner.get(key) is not None)
