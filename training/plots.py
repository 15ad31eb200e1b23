"""Plots of a training run."""

import csv
from pathlib import Path

from matplotlib.figure import Figure


def plot_history(table: Path, picture: Path) -> None:
    """Loss, validation AUC (all, and per source) and learning rate over crops seen, from a history.csv."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    crops = [int(row["crops"]) / 1e6 for row in rows]
    figure = Figure(figsize=(9, 7), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(2, 3, 1))
    top.plot(crops, [float(row["loss"]) for row in rows], color="black")
    top.set_ylabel("training loss")
    middle.plot(crops, [float(row["val_auc"]) for row in rows], color="black", linewidth=2, label="all")
    by_source = [dict(part.split("=") for part in row["val_auc_by_source"].split()) for row in rows]
    for source in by_source[0] if by_source else ():
        middle.plot(crops, [float(row[source]) for row in by_source], label=source)
    middle.set_ylabel("validation AUC")
    middle.legend(loc="lower right")
    bottom.plot(crops, [float(row["learning_rate"]) for row in rows], color="grey")
    bottom.set_ylabel("learning rate")
    bottom.set_xlabel("million crops")
    for axes in (top, middle, bottom):
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=100)
