"""`watch --webhook`: what is posted, when it is tried again, and that no server holds up the end."""

import hashlib
import hmac
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from events import event

from edge_detect.errors import UsageError
from edge_detect.secret import read_secret
from edge_detect.sinks import webhook as webhook_module
from edge_detect.sinks.webhook import SIGNATURE, Webhook

PATIENCE = 60


@contextmanager
def serving(handler):
    """The address of a server on loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def web_server(*statuses):
    """A server that answers with these, and then 200; what it was sent."""
    answers, requests = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            requests.append((body, self.headers))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with serving(Handler) as url:
        yield url, requests


@contextmanager
def raw_server(*parts):
    """A server that answers each request with these bytes, of which the last is said again and again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.close_connection = True
            try:
                self.wfile.write(b"".join(parts[:-1]))
                while not ended.wait(0.01):
                    self.wfile.write(parts[-1])
            except OSError:
                left.set()

        def log_message(self, *_):
            pass

    ended, left = threading.Event(), threading.Event()
    with serving(Handler) as url:
        try:
            yield url, left
        finally:
            ended.set()


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(webhook_module, "FIRST_PAUSE", 0.01)


def test_a_webhook_posts_signed_json_and_tries_again(impatient, tmp_path):
    (tmp_path / "secret").write_text("key\n")
    with web_server(503, 429) as (url, requests):
        outlet = Webhook(url, read_secret(tmp_path / "secret"))
        outlet.start()
        outlet.put(event(7))
        outlet.close(PATIENCE)
    assert len(requests) == 3
    body, headers = requests[-1]
    assert json.loads(body)["frame"] == 7
    assert headers[SIGNATURE] == "sha256=" + hmac.new(b"key", body, hashlib.sha256).hexdigest()
    assert outlet.counts() == {"delivered": 1, "failed": 0, "dropped": 0}


@pytest.mark.parametrize(
    ("status", "said_of_it"), [(404, "404"), (308, "308, that it has moved: give the URL of where it is now")]
)
def test_a_webhook_that_refuses_is_not_asked_again(impatient, status, said_of_it):
    with web_server(status) as (url, requests):
        outlet, said = Webhook(url), []
        outlet.complain = said.append
        outlet.start()
        outlet.put(event())
        outlet.close(PATIENCE)
    assert len(requests) == 1
    assert said == [f"webhook: the server answers {said_of_it}"]


@pytest.mark.parametrize(
    "answer",
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\nmore\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 9999999\r\n\r\n", b"no gzip"),
    ],
)
def test_what_a_webhook_says_beyond_its_status_is_not_read(answer):
    """It may never end, or be broken: the event has arrived all the same."""
    with raw_server(*answer) as (url, left):
        outlet = Webhook(url)
        outlet.start()
        outlet.put(event())
        outlet.close(PATIENCE)
        assert left.wait(PATIENCE)
    assert outlet.counts() == {"delivered": 1, "failed": 0, "dropped": 0}


@pytest.mark.parametrize("url", ["http://", "ftp://host/", "http://exa mple/", "http://a..b/key", "http://h:0/", "key"])
def test_what_is_no_web_address_is_wrong_usage_and_not_shown(url):
    with pytest.raises(UsageError, match="names a host") as raised:
        Webhook(url)
    assert "key" not in str(raised.value)


def test_a_webhook_without_a_server_does_not_hold_up_the_end():
    outlet = Webhook("http://127.0.0.1:9/")
    outlet.start()
    for number in range(500):
        outlet.put(event(number))
    begin = time.monotonic()
    outlet.close(0.1)
    assert time.monotonic() - begin < PATIENCE / 4
    counts = outlet.counts()
    assert counts["delivered"] == 0
    assert counts["failed"] + counts["dropped"] == 500


def test_a_secret_that_is_missing_or_empty_is_wrong_usage(tmp_path):
    (tmp_path / "empty").write_text("\n")
    for name in ("empty", "missing"):
        with pytest.raises(UsageError, match=name):
            read_secret(tmp_path / name)
