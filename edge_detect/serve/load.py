"""`python -m edge_detect.serve.load`: what HTTP costs, alone and when a thousand post at once, into a document."""

import http.client
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Semaphore
from typing import Annotated

import numpy as np
import typer

from edge_detect.bench import bench
from edge_detect.cli.process import finish
from edge_detect.detector import Detector
from edge_detect.document import check_markers, replace_between
from edge_detect.pool import Pool
from edge_detect.serve.limits import QUEUE
from edge_detect.serve.posting import Form, post_at_once, running
from edge_detect.table import table

MARKER = "load"
POSTS = 1000
_TURNS = 5
"""How often a thousand posts and the same without HTTP take turns."""


def write_load(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="What is posted.")],
    into: Annotated[Path, typer.Option(metavar="FILE", help="A document with the markers <!-- load -->.")],
) -> None:
    """Write latencies over HTTP and without it, and the server's memory, into a document."""
    check_markers(into, MARKER)
    replace_between(into, MARKER, load_table(picture.read_bytes()))


def load_table(picture: bytes) -> str:
    """Latencies, side by side and in turns, on as many workers as there are cores; and what became of the posts."""
    workers = os.cpu_count() or 1
    detectors = [Detector.load() for _ in range(workers)]
    form = Form.of(picture)
    with running() as server:
        with keeping_open(server.port, form) as post:
            alone = bench({"without": lambda: detectors[0].detect(picture), "over": post})
        answered: Counter[int] = Counter()
        over: list[float] = []
        without: list[float] = []
        for _ in range(_TURNS):
            answers = post_at_once(server.port, form, POSTS)
            answered.update(answer.status for answer in answers)
            over += [answer.latency for answer in answers if answer.status == 200]
            without += kept_full(detectors, picture, workers + QUEUE, POSTS // _TURNS)
        memory = server.peak_memory()
    rows = [
        ("one after another, in the process", f"{alone[0].p50:.1f}", f"{alone[0].p95:.1f}", "1.00"),
        (
            "one after another, over HTTP",
            f"{alone[1].p50:.1f}",
            f"{alone[1].p95:.1f}",
            f"{alone[1].p50 / alone[0].p50:.2f}",
        ),
        ("all places taken, in the process", *_latencies(without), "1.00"),
        (f"{POSTS} at once, over HTTP", *_latencies(over), f"{np.median(over) / np.median(without):.2f}"),
    ]
    answers_said = ", ".join(f"{count} with {status}" for status, count in sorted(answered.items()))
    return (
        table((f"a picture of {len(picture) / 1000:.0f} kB", "p50 ms", "p95 ms", "ratio of p50"), rows)
        + f"\n\nOf {_TURNS} times {POSTS} posts at once, {answers_said} were answered. The server's memory was never "
        f"above {memory / 1e6:.0f} MB. {workers} workers, {QUEUE} places in the queue."
    )


@contextmanager
def keeping_open(port: int, form: Form) -> Iterator[Callable[[], bytes]]:
    """What posts a form on one connection and gives the answer's body."""
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def post() -> bytes:
        connection.request("POST", "/v1/score", form.body, {"Content-Type": form.kind})
        return connection.getresponse().read()

    try:
        yield post
    finally:
        connection.close()


def kept_full(detectors: list[Detector], picture: bytes, places: int, count: int) -> list[float]:
    """Milliseconds for each of `count` pictures, of which always `places` wait or are at work, as behind the server."""
    free, latencies, pool = Semaphore(places), [0.0] * count, Pool(detectors)

    def done(number: int, start: float) -> Callable[[object], None]:
        def note(_: object) -> None:
            latencies[number] = 1000 * (time.perf_counter() - start)
            free.release()

        return note

    for number in range(count):
        free.acquire()
        start = time.perf_counter()
        pool.submit(lambda detector, data: detector.detect(data), picture).add_done_callback(done(number, start))
    for _ in range(places):
        free.acquire()
    pool.close()
    return latencies


def _latencies(values: list[float]) -> tuple[str, str]:
    return f"{np.median(values):.1f}", f"{np.percentile(values, 95):.1f}"


if __name__ == "__main__":
    finish(lambda: typer.run(write_load), "serve.load")
