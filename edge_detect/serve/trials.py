"""The Gradio interface for trying models by hand, on this machine only."""

import json
import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from edge_detect.errors import EdgeDetectError
from edge_detect.hosts import LOCAL_NAMES, LOOPBACK
from edge_detect.serve.ending import CutOff
from edge_detect.serve.guard import OwnNames
from edge_detect.serve.hardening import POLICY, Hardened, headers
from edge_detect.serve.limits import MAX_BYTES
from edge_detect.serve.running import bound, run, url_of
from edge_detect.serve.trial import Trial

API_NAME = "score"
"""What programs call, as in `gradio_client.Client(url).predict(handle_file(path), api_name="/score")`."""
_OFFLINE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
}
_POLICY = POLICY | {
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "base-uri": "'self'",
    "font-src": "'self' data:",
    "connect-src": "'self' blob: data:",
}
"""Gradio's pages hold scripts and styles of their own; they, too, load nothing from and send nothing to elsewhere."""
_ABOUT = """A score is the probability (0–1) that a face is fake, and a hint, not proof. Pictures stay on this machine,
and are deleted when this program ends."""


_FETCHING = re.compile(r"/(file[=/]https?:|proxy=)", re.IGNORECASE)
"""Paths by which Gradio gives what lies elsewhere."""


def serve_trials(models: Sequence[str], finder: str | None, port: int) -> None:
    """Serve the interface until told to stop; port: 0 for a free one.

    Raises ModelError when a model cannot be used, UsageError when the port cannot be had.
    """
    trial = Trial(models, finder)
    listening = bound(LOOPBACK, port)
    with TemporaryDirectory(prefix="edge-detect-") as uploads:
        os.environ.update(_OFFLINE, GRADIO_TEMP_DIR=uploads)
        app = _new_app(trial, Path(uploads))
        url = url_of(LOOPBACK, listening)
        guarded = OwnNames(_NoAddresses(app), LOCAL_NAMES, ())
        run(Hardened(CutOff(guarded), headers(_POLICY)), listening, f"Gradio on {url} (Ctrl-C ends)")


def _new_app(trial: Trial, uploads: Path) -> FastAPI:
    """The interface as an application; the environment must say by now that Gradio stays offline."""
    import gradio

    return gradio.mount_gradio_app(  # type: ignore[no-any-return]
        FastAPI(openapi_url=None),
        _blocks(trial, uploads),
        path="/",
        server_name=LOOPBACK,
        theme=gradio.themes.Default(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
        footer_links=["api"],
        run_history=False,
        max_file_size=MAX_BYTES,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )


def _blocks(trial: Trial, uploads: Path) -> Any:
    """What is on the page, and what happens when something is chosen."""
    import gradio

    def score(*chosen: Any) -> Any:
        try:
            *drawn, record = trial.score(*chosen)
        except EdgeDetectError as error:
            raise gradio.Error(str(error), print_exception=False) from error
        if record and (unreadable := json.loads(record)["error"]):
            gradio.Warning(unreadable)
        return *drawn, record

    with gradio.Blocks(title="edge-detect", analytics_enabled=False) as blocks:
        gradio.Markdown(f"# edge-detect\n\n{_ABOUT}")
        with gradio.Row():
            with gradio.Column():
                # The file itself, as it was sent: another encoding would be another picture, and another score.
                picture = gradio.Image(
                    label="Picture",
                    type="filepath",
                    image_mode=None,
                    sources=["upload", "webcam", "clipboard"],
                    buttons=["fullscreen"],
                )
                model = gradio.Dropdown(trial.names, value=trial.names[0], label="Model")
                rate = gradio.Dropdown(
                    trial.rates, value="", label="Call fake what this share of real pictures reaches"
                )
                button = gradio.Button("Score", variant="primary")
            with gradio.Column():
                drawn = {"format": "png", "interactive": False, "buttons": ["download", "fullscreen"]}  # no sharing
                annotated = gradio.Image(label="Faces", **drawn)
                heat = gradio.Image(label="Heatmap: warm speaks for fake, cool for real", **drawn)
        # As text: Gradio takes objects with a `path` for files of its own.
        record = gradio.Code(label="JSON, as scan --jsonl prints it", language="json", interactive=False)
        scoring = {"fn": score, "inputs": [picture, model, rate], "outputs": [annotated, heat, record]}
        button.click(**scoring, api_name=API_NAME)
        for choice in (picture, model, rate):  # what is shown is always of what is chosen
            choice.input(**scoring, api_visibility="private")
        picture.preprocess = _as_sent
    for block in blocks.blocks.values():  # a file may be named where a word is expected, too
        block.async_move_resource_to_block_cache = partial(_uploaded, uploads.resolve())
    return blocks


class _NoAddresses:
    """Refuses what would have Gradio fetch an address: its routes for files take one, too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it with 403."""
        if scope["type"] == "http" and _FETCHING.search(scope["path"]):
            await JSONResponse({"detail": "no address is taken from a client"}, 403)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


async def _uploaded(uploads: Path, path: "str | Path | None") -> "str | None":
    """The path of a file that was uploaded.

    By itself, a mounted Gradio would read any file that a client names, and fetch any address.
    """
    import gradio

    if path is not None and not Path(path).resolve().is_relative_to(uploads):
        raise gradio.Error("send the file itself: no path and no address is taken", print_exception=False)
    return None if path is None else str(path)


def _as_sent(picture: Any) -> "str | None":
    """The path of an uploaded picture, unopened.

    By itself, Gradio would decode it first, by rules other than ours, and show what that ended in.
    """
    return None if picture is None else picture.path
