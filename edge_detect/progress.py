"""A progress bar on stderr, where stderr is a terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def track(items: Iterable[Item], total: int, label: str, *, hidden: bool = False) -> Iterator[Item]:
    """Yield items and show how many of `total` have come, unless stderr is no terminal or `hidden`."""
    if hidden or not sys.stderr.isatty() or total < 2:
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Results printed to the same terminal must pass through the bar; results in a pipe or file must not.
    shared = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=shared) as bar:
        yield from bar.track(items, total=total, description=label)
