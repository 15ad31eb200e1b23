"""Batches made by all cores ahead of the training loop.

Batch number k depends on the maker and k alone: not on the number of processes, nor on where a run was resumed.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_detect.errors import EdgeDetectError

Answers = dict[str, NDArray[np.float32]]
"""What each trained output should say of a batch, by its name."""
Batch = tuple[NDArray[np.uint8], Answers]
"""Pixels (n, side, side, 3), and the answers."""
_AHEAD = 12
"""Batches in the making, at least; of many cores, each has two."""
_GRACE = 60
"""Seconds that a run has to save its state."""


class BatchMaker(Protocol):
    """Makes batches; travels to each worker process once, by pickle."""

    def load(self) -> None:
        """Read what is needed into memory."""

    def make(self, number: int) -> Batch:
        """Batch `number`, always the same one."""


def batches(maker: BatchMaker, start: int = 0) -> Generator[Batch, None, None]:
    """Endless batches from batch number `start` on.

    Raises what the maker raises, and EdgeDetectError when a process that makes them is gone, as one is that the system
    ended for want of memory.
    """
    context = multiprocessing.get_context("spawn")  # forking a process that runs TensorFlow's threads may hang
    cores = os.cpu_count() or 1
    ahead = max(_AHEAD, 2 * cores)
    with ProcessPoolExecutor(cores, context, _set_up, (maker,)) as pool:
        with _without_interrupts():
            pending: deque[Future[Batch]] = deque(pool.submit(_make, start + i) for i in range(ahead))
        following = start + ahead
        try:
            while True:
                batch = pending.popleft().result()
                pending.append(pool.submit(_make, following))
                following += 1
                yield batch
        except BrokenProcessPool as error:
            raise EdgeDetectError(
                "a process that makes batches was ended from outside, most likely for want of memory; free some, then "
                "go on with --resume"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let the processes started inside ignore Ctrl-C: it is for the loop, which then ends them."""
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


_worker: Any = None
_failure: Exception | None = None


def _set_up(maker: BatchMaker) -> None:
    global _worker, _failure  # noqa: PLW0603 - what a worker process holds for its life
    end_with_parent()
    cv2.setNumThreads(1)
    try:
        maker.load()
    except Exception as error:
        _failure = error  # raised here, it would end the process without a word to who waits for a batch
    _worker = maker


def end_with_parent() -> None:
    """Let this process leave when the one that started it is gone, however it went: as on SIGTERM, within _GRACE."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(_GRACE)
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _make(number: int) -> Batch:
    if _failure:
        raise _failure
    batch: Batch = _worker.make(number)
    return batch
