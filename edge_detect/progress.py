"""A progress bar or a status line on stderr, where stderr is a terminal."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PAUSE = 0.25
"""Seconds between two texts of a status line."""


@contextmanager
def progress(total: int, label: str, *, hidden: bool = False) -> Iterator[Callable[[], None]]:
    """Show how many of `total` are done; call what is yielded for each. Nothing is shown without a terminal.

    Where results go to the same terminal, print them inside: they pass above the bar.
    """
    if hidden or not sys.stderr.isatty() or total < 2:
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    shared = sys.stdout.isatty()  # results in a pipe or a file must not pass through the bar
    with Progress(
        *columns, console=Console(stderr=True, soft_wrap=True), transient=True, redirect_stdout=shared
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def status_line(*, hidden: bool = False) -> Iterator[Callable[[Callable[[], str]], None]]:
    """Show one line that changes: call what is yielded, as often as you like, with a function that makes its text.

    Nothing is shown without a terminal. Where results go to the same terminal, print them inside: they pass above it.
    """
    if hidden or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    shared = sys.stdout.isatty()
    with Live(
        console=Console(stderr=True, soft_wrap=True), transient=True, redirect_stdout=shared, auto_refresh=False
    ) as line:
        shown = 0.0

        def show(text: Callable[[], str]) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown >= _PAUSE:
                shown = now
                line.update(Text(text(), no_wrap=True, overflow="ellipsis"), refresh=True)

        yield show


def say(message: str) -> None:
    """A line on stderr about how the work goes: stdout is for results. What stderr cannot take is no reason to stop."""
    with contextlib.suppress(OSError):
        print(message, file=sys.stderr, flush=True)
