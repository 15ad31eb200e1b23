"""The whole photos behind labelled crops, as they lie in their repositories: to measure what finding the face costs."""

from pathlib import Path, PurePosixPath

from edge_detect.errors import UsageError
from edge_detect.manifest import read_manifest
from edge_detect.progress import progress
from edge_detect.writable import write_whole
from training.sources.build import write_table
from training.sources.plan import crop_name, plan
from training.sources.repository import at_hand
from training.sources.source import read_sources

COLUMNS = ("file", "label", "source", "method", "group", "split")


def originals(wanted: list[str], crops: Path, clones: Path, out: Path, split: str = "test") -> int:
    """Write the photos of sources whose group a manifest of crops has in `split`, and a `labels.csv`; returns how many.

    Sources that were kept whole have none, nor have videos and parts of collages, and those whose groups the crops name
    otherwise are not found. Raises RepositoryError when a clone is missing, UsageError when no photo has a group of the
    crops.
    """
    groups = {sample.group for sample in read_manifest(crops) if sample.split == split}
    rows = []
    out.mkdir(parents=True, exist_ok=True)
    for source in filter(lambda source: source.finder, read_sources(wanted)):
        repository = at_hand(source, clones)
        items = [item for item in plan(source, repository) if item.group in groups and not (item.part or item.frames)]
        with repository.reader() as reader, progress(len(items), source.name) as advance:
            for item in items:
                data = reader.read(item.blob)
                if data is not None:
                    name = f"{source.name}-{crop_name(item.path)}{PurePosixPath(item.path).suffix.lower()}"
                    write_whole(out / name, data)
                    about = {"label": item.label, "source": source.name, "method": item.method, "group": item.group}
                    rows.append({"file": name, **about, "split": split})
                advance()
    if not rows:
        raise UsageError(f"no photo in {clones} has a group that {crops} has in the split {split!r}")
    write_table(out / "labels.csv", COLUMNS, sorted(rows, key=lambda row: str(row["file"])))
    return len(rows)
