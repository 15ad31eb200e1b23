"""Checking built sources, and joining them to one data set: `labels.csv` of the folder that holds them.

Only what passes the check is listed there, so that nothing unchecked is trained on by accident. No file is removed:
what is left out stands, with the reason, in `dropped.csv`; another check starts from the sources' own tables again.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.evaluation.facts import leakage
from edge_detect.manifest import FAKE, REAL, Sample, check_groups, data_hash, read_manifest, read_manifests
from training.sources.build import COLUMNS, DROPPED, Row, write_table
from training.sources.sheet import contact_sheet
from training.sources.source import JUDGED
from training.sources.twins import Twin, find_twins

TWIN, HELD_OUT = "near-duplicate", "held out"


@dataclass(frozen=True)
class Outcome:
    """What a check found.

    rows: listed pictures; dropped: all others, with source, label and reason; twins: near-duplicates among them;
    floors: AUC of file facts by source; sha256: of the listed data, as a model's card names it.
    """

    rows: list[Row]
    dropped: list[Row]
    twins: list[Twin]
    floors: dict[str, float]
    sha256: str


def check(root: Path, beside: list[Path]) -> Outcome:
    """Check all sources built in `root` and write its labels.csv, dropped.csv and sheets/.

    beside: labelled pictures that are used together with these: their splits stay, none of theirs is held twice, and
    they alone validate and test, but for the sources that are judged by only. Raises UsageError when nothing was built
    here, a group spans two splits, or a listed file is missing.
    """
    folders = sorted(table.parent for table in root.glob("*/labels.csv"))
    if not folders:
        raise UsageError(f"{root} holds no built source; python -m training.sources build NAME --out {root}")
    given = read_manifests(beside)
    built = [sample for folder in folders for sample in read_manifest(folder)]
    _check_splits(given, built)
    rows = {folder.name: _read(folder / "labels.csv") for folder in folders}
    dropped = [row for folder in folders for row in _read(folder / "dropped.csv")]

    settled = {sample.group for sample in given}
    twins = find_twins(given, built)
    lost = {twin.dropped.path: twin for twin in twins}
    kept: list[Row] = []
    for folder in folders:
        for row in rows[folder.name]:
            twin, file = lost.get(folder / row["file"]), f"{folder.name}/{row['file']}"
            if twin:
                detail = f"{twin.likeness:.3f} like {twin.kept.path.name} of {twin.kept.source}, {twin.kept.split}"
                dropped.append({**row, "path": file, "reason": TWIN, "detail": detail})
            elif given and row["split"] != "train" and (row["split"] != JUDGED or row["group"] in settled):
                detail = "its group is in another split of the data beside, which alone validates and tests"
                dropped.append({**row, "path": file, "reason": HELD_OUT, "detail": detail})
            else:
                kept.append({**row, "file": file})
    if not kept:
        raise UsageError(f"nothing in {root} is left for training: all of it is in {', '.join(map(str, beside))}")
    write_table(root / "labels.csv", COLUMNS, kept)
    write_table(root / "dropped.csv", DROPPED, dropped)
    samples = read_manifest(root)
    check_groups(given + samples)
    training = [sample for sample in samples if sample.split == "train"]
    _sheets(root / "sheets", samples)
    return Outcome(kept, dropped, twins, _floors(training, given), data_hash(samples))


def _check_splits(given: list[Sample], built: list[Sample]) -> None:
    try:
        check_groups(given + built)
    except UsageError as error:
        raise UsageError(f"{error}. Build again with the same --beside as in this check: it settles splits") from error


def _read(table: Path) -> list[Row]:
    with table.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def _sheets(folder: Path, samples: list[Sample]) -> None:
    folder.mkdir(exist_ok=True)
    for source in sorted({sample.source for sample in samples}):
        contact_sheet([sample for sample in samples if sample.source == source], folder / f"{source}.jpg")


def _floors(training: list[Sample], given: list[Sample]) -> dict[str, float]:
    """The leakage floor of each source: its own classes against each other, or its one class against all others'."""
    everything = training + [sample for sample in given if sample.split == "train"]
    floors = {}
    for source in sorted({sample.source for sample in training}):
        mine = [sample for sample in training if sample.source == source]
        labels = {sample.label for sample in mine}
        if labels == {REAL, FAKE}:
            one, two = ([sample for sample in mine if sample.label == label] for label in sorted(labels))
        else:
            one, two = mine, [sample for sample in everything if sample.label not in labels]
        floors[source] = leakage(one, two)
    return floors


def counts(outcome: Outcome) -> dict[str, Counter[str]]:
    """By source: listed pictures by label, and dropped ones by reason."""
    found: dict[str, Counter[str]] = {}
    for row in outcome.rows:
        found.setdefault(row["source"], Counter())[row["label"]] += 1
    for row in outcome.dropped:
        found.setdefault(row["source"], Counter())[row["reason"]] += 1
    return dict(sorted(found.items()))
