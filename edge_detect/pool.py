"""Work spread over threads, one worker per thread."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Generic, TypeVar

Worker = TypeVar("Worker")
Item = TypeVar("Item")
Answer = TypeVar("Answer")

_AHEAD = 4
"""Items in flight per worker: enough to keep it busy, few enough to bound memory."""


class Pool(Generic[Worker]):
    """As many threads as there are workers; a worker serves one item at a time. Its queue has no bound of its own."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(len(workers), thread_name_prefix="worker")

    def submit(self, call: Callable[[Worker, Item], Answer], item: Item) -> "Future[Answer]":
        """Have `call(worker, item)` answered by the next worker that is free."""
        return self._threads.submit(self._serve, call, item)

    def close(self) -> None:
        """Begin nothing more; what has begun goes on."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _serve(self, call: Callable[[Worker, Item], Answer], item: Item) -> Answer:
        worker = self._idle.get()
        try:
            return call(worker, item)
        finally:
            self._idle.put(worker)


def in_order(
    items: Iterable[Item], workers: Sequence[Worker], call: Callable[[Worker, Item], Answer]
) -> Iterator[Answer]:
    """Yield `call(worker, item)` for each item, in order, from as many threads as there are workers.

    Items are consumed lazily, in the caller's thread.
    """
    pending: deque[Future[Answer]] = deque()
    pool = Pool(workers)
    try:
        for item in items:
            pending.append(pool.submit(call, item))
            if len(pending) >= _AHEAD * len(workers):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.close()
