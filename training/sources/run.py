"""Building several sources, one after the other: what `python -m training.sources build` does."""

import hashlib
import sys
import time
from pathlib import Path

from edge_detect.faces import FaceFinder
from edge_detect.manifest import read_manifests
from edge_detect.models import find_model
from edge_detect.network import Network
from edge_detect.progress import progress
from training.sources.build import Splits, build
from training.sources.plan import Item, plan
from training.sources.repository import Repository, RepositoryError, at_hand, clone
from training.sources.source import Source, read_sources


def build_all(
    wanted: list[str], out: Path, clones: Path | None, beside: list[Path], finder: str, limit: int, workers: int
) -> list[str]:
    """Build sources into OUT/NAME; returns those whose repository could not be had, the others are built anyway.

    Raises UsageError for an unknown source, ModelError when the finder cannot be loaded.
    """
    sources = read_sources(wanted)
    splits = Splits.beside(read_manifests(beside))
    failed = []
    for source in sources:
        try:
            if clones:
                repository = at_hand(source, clones)
                items = plan(source, repository, limit)
            else:
                repository = clone(source, out / "clones" / f"{source.name}.git")
                items = plan(source, repository, limit)
                _fetch(repository, source, items)
            _build_one(source, repository, items, out / source.name, splits, finder, workers)
        except RepositoryError as error:
            _say(f"{source.name}: left out: {error}")
            failed.append(source.name)
    return failed


def _build_one(
    source: Source,
    repository: Repository,
    items: list[Item],
    out: Path,
    splits: Splits,
    finder: str,
    workers: int,
) -> None:
    began = time.monotonic()
    finders, model = _finders(finder, workers) if source.finder else ([None] * workers, "none: kept whole")
    with progress(len(items), source.name) as advance:
        kept, dropped = build(source, repository, items, out, finders, model, splits, advance)
    _say(f"{source.name}: {kept} crops, {dropped} dropped, {time.monotonic() - began:.0f} s")


def _finders(finder: str, count: int) -> tuple[list[FaceFinder], str]:
    """Finders, one per thread, and what identifies their model."""
    path = find_model(finder)
    return [FaceFinder(Network.load(path)) for _ in range(count)], hashlib.sha256(path.read_bytes()).hexdigest()


def _fetch(repository: Repository, source: Source, items: list[Item]) -> None:
    """Fetch the contents that a fresh clone lacks, many at a time: git alone would ask for them one by one."""
    blobs = [item.blob for item in items if not item.refusal]
    with progress(len(blobs), f"{source.name}: fetching") as advance:
        for count in repository.fetch(blobs):
            for _ in range(count):
                advance()


def _say(text: str) -> None:
    print(text, file=sys.stderr)
