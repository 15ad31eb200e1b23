"""`python -m edge_detect.serve.load`: what HTTP costs, alone and when a thousand post at once, into a document."""

import http.client
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from edge_detect import image
from edge_detect.bench import bench
from edge_detect.cli.process import finish
from edge_detect.detector import Detector
from edge_detect.document import byline, check_markers, replace_between
from edge_detect.models import DEFAULT, FINDER, find_model
from edge_detect.pool import Pool
from edge_detect.serve.limits import QUEUE
from edge_detect.serve.posting import Form, post_at_once, running
from edge_detect.table import table

MARKER = "load"
POSTS = 1000
_TURNS = 3
"""How often the posts and the same without HTTP take turns."""


def write_load(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="What is posted, as a JPEG.")],
    into: Annotated[Path, typer.Option(metavar="FILE", help="A document with the markers <!-- load -->.")],
) -> None:
    """Write latencies over HTTP and without it, and the server's memory, into a document."""
    check_markers(into, MARKER)
    replace_between(into, MARKER, load_table(as_jpeg(picture.read_bytes())))


def as_jpeg(picture: bytes) -> bytes:
    """A picture as most are sent."""
    return image.encode(image.decode(picture).pixels, ".jpg")


def load_table(picture: bytes) -> str:
    """Latencies, side by side and in turns, on as many workers as there are cores; and what became of the posts."""
    cv2.setNumThreads(1)  # as in the server
    detectors = [Detector.load() for _ in range(os.cpu_count() or 1)]
    form = Form.of(picture)
    over: list[float] = []
    without: list[float] = []
    with running("--queue", str(POSTS)) as server:
        with keeping_open(server.port, form) as post:
            alone = bench({"without": lambda: detectors[0].detect(picture), "over": post})
        for _ in range(_TURNS):
            over += [answer.latency for answer in post_at_once(server.port, form, POSTS) if answer.status == 200]
            without += score_at_once(detectors, picture, POSTS)
    with running() as server:
        answers = [answer for _ in range(_TURNS) for answer in post_at_once(server.port, form, POSTS)]
        memory = server.peak_memory()
    let_in = [answer.latency for answer in answers if answer.status == 200]
    rows = [
        ("one after another, in the process", *_figures([alone[0].p50, alone[0].p95]), "1.00"),
        ("one after another, over HTTP", *_figures([alone[1].p50, alone[1].p95]), f"{alone[1].p50 / alone[0].p50:.2f}"),
        (f"{POSTS} at once, in the process", *_figures(np.percentile(without, (50, 95))), "1.00"),
        (
            f"{POSTS} at once, over HTTP, with as many places",
            *_figures(np.percentile(over, (50, 95))),
            f"{np.median(over) / np.median(without):.2f}",
        ),
        (f"{POSTS} at once, over HTTP, those let in of {QUEUE} places", *_figures(np.percentile(let_in, (50, 95))), ""),
    ]
    counts = Counter(answer.status for answer in answers)
    return (
        f"{byline(find_model(DEFAULT), find_model(FINDER))}\n\n"
        + table((f"a JPEG of {len(picture) / 1000:.0f} kB", "p50 ms", "p95 ms", "ratio of p50"), rows)
        + f"\n\n{len(detectors)} workers. With {QUEUE} places, of {_TURNS} times {POSTS} posts, "
        + " and ".join(f"{count} with {status}" for status, count in sorted(counts.items()))
        + f" were answered. The server never had more than {memory / 1e6:.0f} MB of memory."
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


def score_at_once(detectors: list[Detector], picture: bytes, count: int) -> list[float]:
    """Milliseconds until each of `count` pictures that are handed in together is scored, by one pool of workers."""
    pool = Pool(detectors)
    start = time.perf_counter()

    def score(detector: Detector, data: bytes) -> float:
        detector.detect(data)
        return 1000 * (time.perf_counter() - start)

    latencies = [each.result() for each in [pool.submit(score, picture) for _ in range(count)]]
    pool.close()
    return latencies


def _figures(milliseconds: Iterable[float]) -> list[str]:
    return [f"{value:.1f}" for value in milliseconds]


if __name__ == "__main__":
    finish(lambda: typer.run(write_load), "serve.load")
