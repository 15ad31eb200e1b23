"""Slow clients and the files of the page, in this process, where time can be made short and the page small."""

import asyncio
import gzip
import socket
import threading
from contextlib import ExitStack, contextmanager

import httpx
import pytest

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

import uvicorn
from starlette.responses import Response

from edge_detect import Detector
from edge_detect.serve import connection, uploads
from edge_detect.serve.files import Page
from edge_detect.serve.limits import Limits
from edge_detect.serve.posting import Form
from edge_detect.serve.running import bound
from edge_detect.serve.server import new_app
from edge_detect.serve.turnstile import HELD, Turnstile

PATIENCE = 60


@contextmanager
def serving(app):
    """The port of an application that is served on connections of ours."""
    config = uvicorn.Config(app, http=connection.Connection, ws="none", log_config=None, log_level="error")
    server = uvicorn.Server(config)
    with bound("127.0.0.1", 0) as listening:
        thread = threading.Thread(target=server.run, args=([listening],))
        listening.listen()
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture
def port(tiny_model, monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.3)
    monkeypatch.setattr(uploads, "BODY_SECONDS", 0.5)
    with serving(new_app([Detector.load(tiny_model, whole_image=True)], None, Limits(), None, None, ())) as port:
        yield port


def all_that_is_said(port, *pieces) -> bytes:
    """What a server answers to pieces of a request, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        for piece in pieces:
            client.sendall(piece)
        said = b""
        try:
            while more := client.recv(1 << 16):
                said += more
        except ConnectionResetError:
            pass
        return said


def test_a_connection_on_which_nothing_is_asked_is_closed(port):
    assert all_that_is_said(port) == b""


def test_a_head_that_never_ends_is_not_waited_for(port):
    assert all_that_is_said(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-More: 1\r\n") == b""


def test_a_connection_after_a_response_is_not_kept_for_ever(port):
    said = all_that_is_said(port, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /hea")
    assert said.count(b"HTTP/1.1 ") == 1
    assert said.startswith(b"HTTP/1.1 200")


def test_a_body_that_does_not_come_is_refused(port):
    head = (
        f"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: {Form.of(b'').kind}\r\nContent-Length: 99\r\n\r\n"
    )
    said = all_that_is_said(port, head.encode(), b"--")
    assert said.startswith(b"HTTP/1.1 408")
    assert b"did not arrive" in said


@pytest.mark.parametrize("length", ["", "Content-Length: 1\r\n"])
def test_a_body_in_chunks_counts_as_the_largest_whatever_length_is_declared(length):
    """Nobody says how much is coming: so that memory stays bounded, HELD of them are all that is let in."""
    full, leave = threading.Event(), threading.Event()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            if turnstile.taken == HELD:
                full.set()
            while not leave.is_set():
                await asyncio.sleep(0.01)
            await Response()(scope, receive, send)

    turnstile = Turnstile(app, "/", places=100, max_bytes=1000)
    head = f"POST / HTTP/1.1\r\nHost: localhost\r\n{length}Transfer-Encoding: chunked\r\n\r\n".encode()
    with serving(turnstile) as port, ExitStack() as stack:
        for _ in range(HELD):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(head)
        assert full.wait(PATIENCE)
        try:
            assert all_that_is_said(port, head).startswith(b"HTTP/1.1 503")
        finally:
            leave.set()


def test_a_client_that_takes_no_bytes_is_given_up(monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.3)
    given_up = threading.Event()

    async def app(scope, receive, send):
        if scope["type"] == "http":
            asking = asyncio.ensure_future(Response(bytes(100_000_000))(scope, receive, send))
            while (await receive())["type"] != "http.disconnect":
                pass
            given_up.set()
            await asking

    with serving(app) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert given_up.wait(PATIENCE)


def test_a_request_that_takes_long_to_answer_is_not_cut_off(monkeypatch):
    monkeypatch.setattr(connection, "IDLE_SECONDS", 0.1)

    async def app(scope, receive, send):
        if scope["type"] == "http":
            await asyncio.sleep(0.5)
            await Response(b"at last")(scope, receive, send)

    with serving(app) as port:
        assert httpx.get(f"http://127.0.0.1:{port}/", timeout=PATIENCE).content == b"at last"


@pytest.fixture
def page(tmp_path):
    """Ask for a file of a small built page."""
    root = tmp_path / "static"
    files = {
        "index.html": b"<!doctype html>page",
        "sw.js": b"// worker",
        "manifest.webmanifest": b"{}",
        "assets/app-1a2b3c.js": b"// code",
        "wasm/engine.wasm": b"\0asm",
        "models/deepfake.tflite": b"model",
    }
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "wasm" / "engine.wasm.br").write_bytes(b"as brotli")
    (root / "index.html.gz").write_bytes(gzip.compress(files["index.html"]))
    (tmp_path / "secret").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret")

    def get(path, folder=root, **headers):
        async def ask():
            transport = httpx.ASGITransport(Page(folder), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                return await client.get(path, headers={"Accept-Encoding": "identity", **headers})

        return asyncio.run(ask())

    return get


@pytest.mark.parametrize(
    ("path", "kind", "kept"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/sw.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        ("/assets/app-1a2b3c.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        ("/wasm/engine.wasm", "application/wasm", "no-cache"),
        ("/models/deepfake.tflite", "application/octet-stream", "no-cache"),
    ],
)
def test_files_of_the_page_say_what_they_are_and_how_long_they_keep(page, path, kind, kept):
    answer = page(path)
    assert answer.status_code == 200
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == (kind, kept)
    again = page(path, **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_compressed_neighbour_is_sent_to_who_takes_it(page):
    packed = page("/", **{"Accept-Encoding": "gzip, br"})
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.content == page("/").content
    assert packed.headers["etag"] != page("/").headers["etag"]
    assert page("/wasm/engine.wasm", **{"Accept-Encoding": "gzip"}).content == b"\0asm"
    assert "content-encoding" not in page("/wasm/engine.wasm", **{"Accept-Encoding": "br;q=0, gzip"}).headers
    assert page("/wasm/engine.wasm", **{"Accept-Encoding": "br;q=0, gzip"}).headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/..%2fsecret", "/link", "//etc/passwd", "/nothing"])
def test_nothing_outside_the_page_is_served(page, path):
    assert page(path).content != b"secret"
    assert page(path).status_code in (404, 500)


def test_a_page_that_is_not_built_says_how(page, tmp_path):
    answer = page("/", folder=tmp_path / "absent")
    assert answer.status_code == 503
    assert "make web" in answer.text
