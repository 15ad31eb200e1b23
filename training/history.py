"""history.csv, the curve of a training run, and its plot."""

import csv
import math
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from matplotlib.figure import Figure

COLUMNS = ("crops", "hours", "loss", "score", "details", "learning_rate")


class History:
    """One row per validation; rows after the resumed step are dropped, hours are summed over runs."""

    def __init__(self, path: Path, crops: int, hours: float) -> None:
        """crops, hours: seen and spent so far, by the state that training goes on from."""
        self.path = path
        rows = [row for row in read(path) if int(row["crops"]) <= crops] if path.exists() else []
        write(path, COLUMNS, rows)
        self._started = time.monotonic() - 3600 * hours

    @property
    def hours(self) -> float:
        """Hours of training so far, those of earlier runs included."""
        return (time.monotonic() - self._started) / 3600

    def add(self, crops: int, loss: float, score: float, details: dict[str, float], rate: float) -> None:
        """Append a row: crops seen, mean loss since the last row, validation score and its parts, learning rate."""
        parts = joined(details)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow((crops, f"{self.hours:.3f}", f"{loss:.4f}", f"{score:.4f}", parts, f"{rate:.2e}"))


def joined(details: dict[str, float]) -> str:
    """Parts of a score, as sources of any name, in one cell of a history."""
    return " ".join(f"{quote(name, safe='+')}={value:.4f}" for name, value in details.items())


def parted(cell: str) -> dict[str, float]:
    """The parts of a score by name, from a cell that `joined` made."""
    pairs = (part.rpartition("=") for part in cell.split())
    return {unquote(name): float(value) for name, _, value in pairs}


def courses(rows: Sequence[dict[str, str]]) -> dict[str, list[float]]:
    """Each part of the score over the rows of a history, by name; not a number where a row is without it."""
    details = [parted(row["details"]) for row in rows]
    names = dict.fromkeys(name for parts in details for name in parts)
    return {name: [parts.get(name, math.nan) for parts in details] for name in names}


def join(runs: dict[str, list[dict[str, str]]], out: Path) -> None:
    """Write the rows of several runs into one file, with a first column: the name of the run."""
    write(out, ("run", *COLUMNS), [{"run": name, **row} for name, rows in runs.items() for row in rows])


def write(table: Path, columns: Sequence[str], rows: list[dict[str, str]]) -> None:
    """Write a history.csv, aside and renamed."""
    aside = table.with_suffix(".part")
    with aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    aside.replace(table)


def read(table: Path) -> list[dict[str, str]]:
    """The rows of a history.csv."""
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def plot(table: Path, picture: Path) -> None:
    """Loss, validation score (all, and its parts) and learning rate over crops seen, from a history.csv."""
    rows = read(table)
    crops = [int(row["crops"]) / 1e6 for row in rows]
    figure = Figure(figsize=(9, 7), layout="constrained")
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(2, 3, 1))
    top.plot(crops, [float(row["loss"]) for row in rows], color="black")
    top.set_ylabel("training loss")
    middle.plot(crops, [float(row["score"]) for row in rows], color="black", linewidth=2, label="all")
    for name, values in courses(rows).items():
        middle.plot(crops, values, label=name)
    middle.set_ylabel("validation score")
    middle.legend(loc="lower right")
    bottom.plot(crops, [float(row["learning_rate"]) for row in rows], color="grey")
    bottom.set_ylabel("learning rate")
    bottom.set_xlabel("million crops")
    for axes in (top, middle, bottom):
        axes.grid(alpha=0.3)
    figure.savefig(picture, dpi=100)
