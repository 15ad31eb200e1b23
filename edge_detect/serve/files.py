"""The built page: static files, with their types, how long they keep, and compressed where that was prepared."""

import os
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
"""Where `make web` puts the page."""
ENCODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings in order of preference, and the suffix of a file's neighbour that holds them."""
TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tflite": "application/octet-stream",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
}
"""Media types, which are not left to what the machine's own table says."""
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
HASHED = "assets"
"""The folder whose files have a hash of their content in their names."""
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>edge-detect</title>
<h1>The page is not built</h1><p>Run <code>make web</code> in a checkout of edge-detect, and start the server again.
The API works: see its <a href="/docs">description</a>.</p></html>
"""


class Page(StaticFiles):
    """The files of the page."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, html=True, check_dir=False)
        self._folder = folder
        self.config_checked = True  # a folder that is not there is answered for below

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, or what to do where there is no page yet."""
        if path == "." and scope["method"] in ("GET", "HEAD") and not (self._folder / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, 503)
        return await super().get_response(path, scope)

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """A file, or its compressed neighbour where there is one that the client takes."""
        asked = Headers(scope=scope)
        path = Path(full_path)
        hashed = path.relative_to(self._folder.resolve()).parts[0] == HASHED
        headers = {"Cache-Control": FOR_EVER if hashed else ASK_FIRST, "Vary": "Accept-Encoding"}
        kind = TYPES.get(path.suffix, "application/octet-stream")
        for coding in accepted(asked.get("accept-encoding", "")):
            neighbour = path.with_name(path.name + ENCODINGS[coding])
            if neighbour.is_file():
                path, stat_result = neighbour, neighbour.stat()
                headers["Content-Encoding"] = coding
                break
        response = FileResponse(path, status_code, headers, kind, stat_result=stat_result)
        return NotModifiedResponse(response.headers) if self.is_not_modified(response.headers, asked) else response


def accepted(header: str) -> list[str]:
    """The codings of ENCODINGS that an Accept-Encoding header names and does not rule out with q=0."""
    named = {}
    for entry in header.split(","):
        coding, _, parameters = entry.partition(";")
        named[coding.strip().lower()] = parameters.replace(" ", "").rstrip("0").rstrip(".") != "q="
    return [coding for coding in ENCODINGS if named.get(coding, False)]
