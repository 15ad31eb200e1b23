"""How a program that would run for ever is told to stop."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def until_told_to_stop(stop: Callable[[], None]) -> Iterator[None]:
    """Within, SIGTERM and Ctrl-C call `stop`, which lets the work end in good order; a second one ends the process."""

    def heard(_number: int, _frame: FrameType | None) -> None:
        stop()
        for number in before:
            signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
