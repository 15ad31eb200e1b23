"""The routes of the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from edge_detect import __version__
from edge_detect.card import Card
from edge_detect.serve import files
from edge_detect.serve.description import as_html
from edge_detect.serve.metrics import Metrics
from edge_detect.serve.records import Health, Models, Problem, Results, Unreadable
from edge_detect.serve.scoring import Scorer
from edge_detect.serve.uploads import FIELD, read_uploads

ABOUT = """Scores pictures on this machine: how likely is each of them a deepfake? A score is a hint, not proof.
Nothing that is sent is kept, or written to a disk."""
SCORE = "/v1/score"
_FORM = {
    "type": "object",
    "required": [FIELD],
    "properties": {FIELD: {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}},
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The form is damaged."},
    408: {"model": Problem, "description": "The form did not arrive in time."},
    413: {"model": Unreadable, "description": "The form has too many bytes, or no picture few enough pixels."},
    415: {"model": Unreadable, "description": "This is no form, or the first file is of no supported kind."},
    422: {"model": Unreadable, "description": "There is no file, or the first is empty or damaged."},
    503: {
        "model": Problem,
        "description": "All places are taken, or the server ends.",
        "headers": {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
    },
}
_NO_TOKEN: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The server has a token, and this is not it."}
}
STATUSES = tuple(int(status) for status in (*_REFUSALS, *_NO_TOKEN))
"""What a post may be answered with instead of results."""


def new_api(scorer: Scorer, classifier: Card, finder: Card | None, metrics: Metrics, max_bytes: int) -> FastAPI:
    """The routes, and the files of the page for every other path."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        scorer.close()

    api = FastAPI(
        title="edge-detect",
        version=__version__,
        description=ABOUT,
        docs_url=None,  # FastAPI's own pages load their code from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )

    @api.post(
        SCORE,
        summary="Score pictures",
        response_model=None,
        responses={200: {"model": Results}, **_NO_TOKEN, **_REFUSALS},
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
    )
    async def score(request: Request) -> Response:
        """Send one or several pictures (JPEG, PNG, WebP, BMP, TIFF), each in a field `file`.

        There is a record for each, in the order they were sent. A picture that cannot be read has the verdict
        `unreadable` and says why in `error`. Only when none of them can be read is the status that of the first: 413
        for too many pixels, 415 for another kind of file, 422 for an empty or damaged one.
        """
        scored = await scorer.score(await read_uploads(request, max_bytes))
        answer: dict[str, Any] = {"results": [each.result.to_dict() for each in scored]}
        if all(each.status != 200 for each in scored):
            return JSONResponse({"detail": scored[0].result.error, **answer}, scored[0].status)
        return JSONResponse(answer)

    @api.get("/v1/model", summary="Describe the models", responses=_NO_TOKEN)
    async def model() -> Models:
        """The cards of the classifier, with the thresholds that verdicts follow, and of the finder."""
        return Models(classifier=classifier.to_dict(), finder=finder.to_dict() if finder else None)

    @api.get("/healthz", summary="Say that the server answers")
    async def healthz() -> Health:
        """Whether it is busy does not matter here: that is what a status of 503 is for."""
        return Health()

    @api.get(
        "/metrics",
        summary="Count for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **_NO_TOKEN},
    )
    async def counts() -> Response:
        """Responses by status, pictures by verdict, the time they took, requests in flight."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @api.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(as_html(api.openapi()))

    api.router.default = files.Page(files.FOLDER)
    return api
