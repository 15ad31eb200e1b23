"""The annotated stream as MJPEG over HTTP, on loopback only."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from edge_detect import image
from edge_detect.detector import Inspection
from edge_detect.errors import UsageError
from edge_detect.hosts import LOCAL_NAMES, LOOPBACK, without_port
from edge_detect.sinks.pictures import annotated, faded

VIEWERS = 4
"""Streams that are served at once."""
REPEAT = 2.0
"""Seconds without a new picture after which something is sent all the same, to learn whether someone is still there."""
PAUSE = 0.1
"""Seconds between two pictures of a stream at least, so that watching the watch costs little."""
QUALITY = 80
_BOUNDARY = "frame"
_PAGE = b"""<!doctype html><html lang="en"><meta charset="utf-8"><title>edge-detect</title>
<style>body{margin:0;background:#111}img{display:block;max-width:100%;max-height:100vh;margin:auto}</style>
<img src="/stream" alt="What edge-detect sees, with the faces it found, their verdicts and scores"></html>
"""


class Preview:
    """Serves the newest frame: / is a page, /stream the MJPEG stream, /frame.jpg one picture."""

    def __init__(self, port: int) -> None:
        """Raises UsageError when the port cannot be had."""
        self._changed = threading.Condition()
        self._newest: Inspection | None = None
        self._lost = False
        self._number = 0
        self._closed = False
        self._places = threading.Semaphore(VIEWERS)
        preview = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10

            def do_GET(self) -> None:
                preview.serve(self)

            def log_message(self, *_: object) -> None:
                """No line for each request."""

        try:
            self._server = ThreadingHTTPServer((LOOPBACK, port), Handler)
        except OSError as error:
            raise UsageError(f"--preview {port}: {error.strerror}; take another port") from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="preview", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self._server.server_port)

    def show(self, inspection: Inspection | None) -> None:
        """Take in the newest frame, or with None that the source is lost; it is drawn only when someone looks."""
        with self._changed:
            self._lost = inspection is None
            self._newest = inspection or self._newest
            self._number += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Serve no longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request, in its thread."""
        try:
            # A web page elsewhere must not read it through a name of its own.
            if without_port(request.headers.get("Host", "")) not in LOCAL_NAMES:
                request.send_error(403, "this is for this machine only")
            elif request.path == "/":
                _answer(request, "text/html; charset=utf-8", _PAGE)
            elif request.path == "/frame.jpg":
                _, frame = self._next(0)
                if self._lost:
                    request.send_error(503, "the source is lost")
                elif frame is None:
                    request.send_error(503, "there is no picture yet")
                else:
                    _answer(request, "image/jpeg", frame)
            elif request.path != "/stream":
                request.send_error(404)
            elif not self._places.acquire(blocking=False):
                request.send_error(503, f"{VIEWERS} are watching already")
            else:
                try:
                    self._stream(request)
                finally:
                    self._places.release()
        except OSError:  # the viewer is gone, or does not read
            request.close_connection = True

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        number = 0
        while not self._closed:
            before = number
            number, frame = self._next(number)
            if frame is None or number == before:
                request.wfile.write(b"\r\n")  # between pictures, this says nothing, but only if someone is there
                continue
            head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame)}\r\n\r\n"
            request.wfile.write(head.encode() + frame + b"\r\n")
            time.sleep(PAUSE)

    def _next(self, number: int) -> tuple[int, bytes | None]:
        """The number and JPEG of the newest frame: of one after `number`, or in REPEAT seconds; None without one."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number or self._closed, REPEAT)
            inspection, number, lost = self._newest, self._number, self._lost
            if self._closed or inspection is None:
                return number, None
        picture = annotated(inspection)
        return number, image.encode(faded(picture) if lost else picture, ".jpg", QUALITY)


def _answer(request: BaseHTTPRequestHandler, kind: str, body: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.send_header("Cache-Control", "no-store")
    request.end_headers()
    request.wfile.write(body)
