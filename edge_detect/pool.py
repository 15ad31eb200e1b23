"""Work spread over threads: one worker per thread, answers in the given order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

Worker = TypeVar("Worker")
Item = TypeVar("Item")
Answer = TypeVar("Answer")

_AHEAD = 4
"""Items in flight per worker: enough to keep it busy, few enough to bound memory."""


def in_order(
    items: Iterable[Item], workers: Sequence[Worker], call: Callable[[Worker, Item], Answer]
) -> Iterator[Answer]:
    """Yield `call(worker, item)` for each item, in order, from as many threads as there are workers.

    A worker serves one item at a time. Items are consumed lazily, in the caller's thread.
    """
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def serve(item: Item) -> Answer:
        worker = idle.get()
        try:
            return call(worker, item)
        finally:
            idle.put(worker)

    pending: deque[Future[Answer]] = deque()
    pool = ThreadPoolExecutor(len(workers), thread_name_prefix="worker")
    try:
        for item in items:
            pending.append(pool.submit(serve, item))
            if len(pending) >= _AHEAD * len(workers):
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
