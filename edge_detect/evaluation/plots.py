"""The drawings of a report, as SVG that takes the page's own text colour and font, so it is readable on dark and light.

Each function draws on matplotlib axes; `svg` turns the drawing into text for a page. Colours: Okabe and Ito (2008).
"""

import io
import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from edge_detect.evaluation.robustness import UNDAMAGED
from edge_detect.evaluation.roc import roc
from edge_detect.evaluation.rows import Split

REAL_COLOUR, FAKE_COLOUR = "#2a8fd0", "#e06c1f"
_CYCLE = ("#2a8fd0", "#e06c1f", "#12a37a", "#c972a6", "#c79a00", "#7a74d6", "#7f8c8d")
_DASHES = ("-", "--", ":")
_INK = "#010203"
"""Stands for the page's text colour while matplotlib draws."""
_STYLE = {
    "font.size": 10,
    "svg.fonttype": "none",
    "text.parse_math": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#888888",
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}


def svg(draw: Callable[[Axes], None], name: str, alt: str, size: tuple[float, float] = (4.4, 3.4)) -> str:
    """A drawing as an `<svg>` element with a text alternative; name makes its ids unique in the page."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", text).replace("xlink:href", "href")
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\1{name}-", text).replace(_INK, "currentColor")
    text = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", text)
    width, height = (round(72 * side) for side in size)
    head = f'<svg role="img" aria-label="{escape(alt)}" viewBox="0 0 {width} {height}">'
    return re.sub(r"<svg[^>]*>", lambda _: head, text, count=1).strip()


def roc_curves(split: Split, scores: NDArray[np.float64]) -> Callable[[Axes], None]:
    """One curve per source with fakes."""

    def draw(axes: Axes) -> None:
        sources = sorted(set(split.sources[split.fakes].tolist()))
        for source, style in zip(sources, _styles(), strict=False):
            row = split.row("sources", source, source)
            either = row.reals | row.fakes
            curve = roc(split.labels[either], scores[either])
            axes.step(curve.fpr, curve.tpr, where="post", label=f"{_plain(source)} {float(curve.auc()):.2f}", **style)
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, alpha=0.5)
        axes.set(xlabel="false-positive rate", ylabel="true-positive rate", xlim=(0, 1), ylim=(0, 1.01))
        axes.legend(loc="lower right", title="AUC", title_fontsize=8.5)

    return draw


def histogram(split: Split, scores: NDArray[np.float64], thresholds: dict[str, float]) -> Callable[[Axes], None]:
    """Scores of reals and of fakes, as shares of each, with the card's thresholds."""

    def draw(axes: Axes) -> None:
        edges = np.linspace(0, 1, 31)
        for name, chosen, colour in (("real", split.reals, REAL_COLOUR), ("fake", split.fakes, FAKE_COLOUR)):
            if chosen.any():
                heights = np.histogram(scores[chosen], edges)[0] / chosen.sum()
                axes.stairs(heights, edges, fill=True, alpha=0.35, color=colour)
                axes.stairs(heights, edges, color=colour, linewidth=1.5, label=name)
        _band(axes, thresholds)
        axes.set(xlabel="score", ylabel="share of pictures", xlim=(0, 1))
        axes.legend(loc="upper center")

    return draw


def reliability_plot(calibration: dict[str, Any]) -> Callable[[Axes], None]:
    """The share of fakes in each bin against its mean score."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, alpha=0.5)
        bins = calibration["bins"]
        axes.plot([b["score"] for b in bins], [b["fakes"] for b in bins], "o-", color=_CYCLE[0], markersize=5)
        axes.set(xlabel="mean score of the bin", ylabel="share of fakes", xlim=(0, 1), ylim=(0, 1.01))

    return draw


def risk_plot(found: dict[str, Any]) -> Callable[[Axes], None]:
    """Error among the decided against coverage, with the card's own band."""

    def draw(axes: Axes) -> None:
        coverage, error = zip(*found["curve"], strict=True)
        axes.plot(coverage, error, color=_CYCLE[0])
        if found["error"] is not None:
            axes.plot([found["coverage"]], [found["error"]], "o", color=_CYCLE[1], label="the card's uncertain band")
            axes.legend(loc="upper left")
        axes.set(xlabel="coverage: share that is decided", ylabel="error among the decided", xlim=(0, 1))
        axes.set_ylim(0, max(0.05, 1.25 * max(error)))

    return draw


def robustness_plot(models: dict[str, dict[str, Any]], key: str) -> Callable[[Axes], None]:
    """One figure under each damage, model by model; models: name → result of `robustness`."""

    def draw(axes: Axes) -> None:
        names = list(next(iter(models.values())))
        for (model, found), style in zip(models.items(), _styles(), strict=False):
            known = [np.nan if found[name][key] is None else found[name][key] for name in names]
            for kind in dict.fromkeys(map(_kind, names)):
                at = [number for number, name in enumerate(names) if _kind(name) == kind]
                axes.plot([known[number] for number in at], at, "o-", color=style["color"], linewidth=1, markersize=4)
            axes.axvline(found[UNDAMAGED][key], color=style["color"], alpha=0.5, linewidth=1)
            axes.plot([], [], "o-", color=style["color"], markersize=4, label=_plain(model))
        axes.set_yticks(range(len(names)), names, fontsize=9)
        axes.set(ylim=(len(names) - 0.4, -0.6))
        axes.locator_params(axis="x", nbins=5)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1))

    return draw


def heat_map(found: dict[str, Any]) -> Callable[[Axes], None]:
    """The cross-source matrix: reals down, fakes across, AUC in the cells."""

    def draw(axes: Axes) -> None:
        matrix = np.array(found["auc"])
        mesh = axes.pcolormesh(matrix, cmap="RdYlGn", vmin=0.3, vmax=1, edgecolors="face")
        axes.invert_yaxis()
        for row, values in enumerate(matrix):
            for column, value in enumerate(values):
                ink = "#111111" if np.dot(mesh.to_rgba(value)[:3], (0.3, 0.59, 0.11)) > 0.45 else "#ffffff"
                axes.text(column + 0.5, row + 0.5, f"{value:.2f}", ha="center", va="center", fontsize=8.5, color=ink)
        axes.set_xticks(np.arange(len(found["fakes"])) + 0.5, map(_plain, found["fakes"]), rotation=45, ha="right")
        axes.set_yticks(np.arange(len(found["reals"])) + 0.5, map(_plain, found["reals"]))
        axes.set(xlabel="fakes of", ylabel="reals of")
        axes.grid(visible=False)

    return draw


def _band(axes: Axes, thresholds: dict[str, float]) -> None:
    axes.axvspan(thresholds["real"], thresholds["fake"], color="#888888", alpha=0.18, linewidth=0, label="uncertain")
    axes.axvline(thresholds["fake"], color=_INK, linewidth=0.8)


def _kind(damage: str) -> str:
    """The kind of a damage, without its level."""
    return damage.split(maxsplit=1)[0]


def _styles() -> Iterator[dict[str, Any]]:
    for dash in _DASHES * 9:
        yield from ({"color": colour, "linestyle": dash, "linewidth": 1.5} for colour in _CYCLE)


def _plain(name: str) -> str:
    """A name that matplotlib does not hide from a legend, as it does with those that begin with an underscore."""
    return f"\u2009{name}" if name.startswith("_") else name
