"""Pictures of requests, scored as `scan` scores files."""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from edge_detect.errors import PictureError
from edge_detect.header import HEAD, check_kind, read_header
from edge_detect.pool import Pool
from edge_detect.results import Result, Verdict
from edge_detect.scan import Inspector
from edge_detect.serve.metrics import Metrics
from edge_detect.serve.uploads import Upload


@dataclass(frozen=True)
class Scored:
    """The result for one picture, and the status that its request has when no other picture can be read."""

    result: Result
    status: int = 200


class Scorer:
    """Inspectors in threads of their own."""

    def __init__(self, inspectors: Sequence[Inspector], max_pixels: int, metrics: Metrics) -> None:
        """inspectors: one for each worker thread; max_pixels: of a picture."""
        self._pool = Pool(inspectors)
        self._model = inspectors[0].model
        self._max_pixels = max_pixels
        self._metrics = metrics

    async def score(self, uploads: Sequence[Upload]) -> list[Scored]:
        """Results in order, from as many threads as there are inspectors."""
        futures: list[Future[Scored]] = [self._pool.submit(self._score, upload) for upload in uploads]
        return list(await asyncio.gather(*map(asyncio.wrap_future, futures)))

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.close()

    def _score(self, inspector: Inspector, upload: Upload) -> Scored:
        start = time.perf_counter()
        scored = self._refused(upload) or self._seen(inspector, upload)
        self._metrics.scored(scored.result, time.perf_counter() - start)
        return scored

    def _seen(self, inspector: Inspector, upload: Upload) -> Scored:
        result = inspector.inspect(upload.data, name=upload.name).result
        return Scored(result, 422 if result.verdict == Verdict.UNREADABLE else 200)

    def _refused(self, upload: Upload) -> Scored | None:
        """What there is to say against a picture before any of its pixels is decoded."""
        status = 422
        try:
            if upload.data:
                status = 415
                check_kind(upload.data[:HEAD])
                status = 422
            header = read_header(upload.data)
            if header.width * header.height > self._max_pixels:
                status = 413
                raise PictureError(
                    f"{header.width}×{header.height} pixels are more than the {self._max_pixels} that this server "
                    "takes; scale the picture down first"
                )
        except PictureError as error:
            return Scored(Result(upload.name, Verdict.UNREADABLE, self._model, error=str(error)), status)
        return None
