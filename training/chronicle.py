"""What a released model has been through: the runs of all its versions, one after the other, as a table and a curve."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from edge_detect.errors import UsageError
from training import history

COLUMNS = ("version", "run", "before", *history.COLUMNS)
"""Those of a run's history, and before them: the version it led to, its name where that had several, and how many crops
its first weights had seen."""

NEIGHBOURS = 0.03
"""How close, as a share of the whole curve, runs end whose versions share a label."""


def chronicle(run: Path, out: Path) -> Path:
    """Add the history of a run, or of the runs of a mean, to out/history.csv, in place of what is there of its version.

    run: a folder with best.json and history.csv, as training leaves them. Draws all that is there as out/history.png,
    and returns that. Raises UsageError when a file is missing or is none of training's.
    """
    table = out / "history.csv"
    try:
        card = json.loads((run / "best.json").read_text(encoding="utf-8"))
        version, before = card["version"], card["training"].get("begun_from", {}).get("crops_seen", 0)
        added = history.read(run / "history.csv")
        earlier = [row for row in history.read(table) if row["version"] != version] if table.exists() else []
    except (OSError, KeyError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UsageError(f"{run} and {out} need what training and releases leave there ({reason})") from error
    rows = earlier + [{"run": "", **row, "version": version, "before": str(before)} for row in added]
    history.write(table, COLUMNS, rows)
    draw(rows, out / "history.png")
    return out / "history.png"


def draw(rows: list[dict[str, str]], picture: Path) -> None:
    """Validation score, all and by source, and learning rate over the crops that the weights have seen, run by run."""
    figure = Figure(figsize=(9, 7), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    colours: dict[str, str] = {"all": "black"}
    ends: list[tuple[float, str]] = []
    for version, run in dict.fromkeys((row["version"], row["run"]) for row in rows):
        own = [row for row in rows if (row["version"], row["run"]) == (version, run)]
        crops = [(int(row["before"]) + int(row["crops"])) / 1e6 for row in own]
        scores = {"all": [float(row["score"]) for row in own], **history.courses(own)}
        for name, values in scores.items():
            label = None if name in colours and name != "all" else name
            colour = colours.setdefault(name, f"C{len(colours)}")
            top.plot(crops, values, color=colour, linewidth=2 if name == "all" else 1, label=label)
        ends.append((crops[-1], version))
        bottom.plot(crops, [float(row["learning_rate"]) for row in own], color="grey")
    for names, place in labels(ends):
        top.axvline(place, color="grey", linewidth=0.5, linestyle=":")
        above = ("data", "axes fraction")
        top.annotate(names, (place, 1.01), xycoords=above, rotation=90, fontsize=8, ha="center", va="bottom")
    handles = dict(zip(*reversed(top.get_legend_handles_labels()), strict=True))
    top.legend(handles.values(), handles.keys(), loc="best", ncols=4)
    top.set_ylabel("score on val")
    bottom.set_ylabel("learning rate")
    bottom.set_xlabel("million crops")
    for axes in (top, bottom):
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=100, metadata={"Software": None})


def labels(ends: list[tuple[float, str]]) -> list[tuple[str, float]]:
    """Names and places of the labels of runs by their ends (place, version).

    Neighbours share one; runs that end at the same place are named in the order given.
    """
    ordered = sorted(ends, key=lambda end: end[0])
    groups: list[list[tuple[float, str]]] = []
    for end in ordered:
        if groups and end[0] - groups[-1][-1][0] < NEIGHBOURS * ordered[-1][0]:
            groups[-1].append(end)
        else:
            groups.append([end])
    return [(", ".join(dict.fromkeys(version for _, version in group)), group[-1][0]) for group in groups]
