"""The HTTP API, asked over real connections to real processes."""

import http.client
import json
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
import zoo
from posts import PATIENCE, plain, post

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

from edge_detect.serve.hardening import HEADERS
from edge_detect.serve.posting import Form, post_at_once, running
from edge_detect.serve.records import Record

CUT_OFF = b"".join(Form.of(each).body.removesuffix(b"--edge-detect-boundary--\r\n") for each in (b"one", b"two"))
"""A form with a whole file and one whose end is missing."""
SLOW = """
import sys, time
from edge_detect.detector import Detector
from edge_detect.serve import running
running.STOP_SECONDS = 1
Detector.inspect = lambda *_, **__: time.sleep(600)
from edge_detect.cli import main
sys.argv[0] = "edge-detect"
main()
"""
"""A server that would need ten minutes for a picture, and does not wait that long for its end."""


def test_the_records_are_those_of_scan(client, models, edge_detect, tmp_path):
    files = zoo.good() | zoo.broken()
    zoo.write(files, tmp_path)
    scanned = edge_detect("scan", "--jsonl", *models, *(tmp_path / name for name in files)).records
    answer = post(client, *files.items())
    assert answer.status_code == 200
    assert answer.json() == {"results": [{**record, "path": name} for record, name in zip(scanned, files, strict=True)]}
    assert {record["verdict"] for record in scanned} > {"unreadable"}


def test_every_record_is_as_the_description_says(client):
    files = zoo.good() | zoo.broken()
    records = post(client, *files.items()).json()["results"]
    assert [record["path"] for record in records] == list(files)
    for record in records:
        Record.model_validate(record)


@pytest.mark.parametrize(
    ("name", "status"),
    [("text.jpg", 415), ("moving.gif", 415), ("empty.jpg", 422), ("half.jpg", 422), ("half.png", 422)],
)
def test_what_is_no_picture_is_refused_with_a_reason(client, name, status):
    answer = post(client, (name, zoo.broken()[name]))
    assert answer.status_code == status
    (record,) = answer.json()["results"]
    assert (record["verdict"], record["error"]) == ("unreadable", answer.json()["detail"])


def test_one_bad_picture_among_others_does_not_spoil_them(client):
    answer = post(client, b"no picture", plain())
    assert answer.status_code == 200
    assert [record["verdict"] == "unreadable" for record in answer.json()["results"]] == [True, False]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\pictures\me.jpg", "me.jpg"),
        ("Grüße 東京.png", "Grüße 東京.png"),
        ("line\nbreak.jpg", "linebreak.jpg"),
        ("x" * 1000, "x" * 255),
        ("folder/", "upload"),
    ],
)
def test_a_name_is_a_name_and_never_a_path(sent, said):
    from edge_detect.serve.uploads import plain_name

    assert plain_name(sent) == said


def test_a_picture_is_never_read_from_a_path(client, tmp_path):
    (tmp_path / "here.png").write_bytes(plain())
    answer = post(client, (str(tmp_path / "here.png"), b""))
    assert answer.status_code == 422
    assert answer.json()["results"][0]["error"] == "the file is empty"


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        ({"json": {"file": "x"}}, 415, "multipart/form-data"),
        ({"files": {"picture": b"x"}}, 422, "no file in the field 'file'"),
        ({"files": {"other": b"x"}, "data": {"file": "/etc/passwd"}}, 422, "no file in the field 'file'"),
        ({"content": b"nonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400, "form"),
        ({"content": b"", "headers": {"Content-Type": "multipart/form-data"}}, 400, "boundary"),
        ({"files": [("file", b"x")] * 101}, 400, "Too many files"),
        ({"content": CUT_OFF, "headers": {"Content-Type": Form.of(b"").kind}}, 400, "closing boundary"),
    ],
)
def test_what_is_no_form_with_files_is_refused(client, options, status, said):
    answer = client.post("/v1/score", **options)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_the_cards_are_those_of_info(client, models, edge_detect):
    cards = client.get("/v1/model").json()
    assert cards == {
        "classifier": json.loads(edge_detect("info", "--json", models[1]).out),
        "finder": json.loads(edge_detect("info", "--json", models[3]).out),
    }


def test_health_and_metrics(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    post(client, plain(), b"no picture")
    said = client.get("/metrics").text
    assert 'edge_detect_pictures_total{verdict="unreadable"}' in said
    assert 'edge_detect_http_responses_total{status="200"}' in said
    assert "edge_detect_requests_in_flight 0.0" in said
    assert "edge_detect_picture_seconds_count" in said


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/nothing", "/v1/score", "/openapi.json"])
def test_every_response_tells_browsers_to_load_nothing_from_elsewhere(client, path):
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_the_description_loads_nothing_and_names_every_path(client):
    page, description = client.get("/docs").text, client.get("/openapi.json").json()
    assert "://" not in page
    assert not any(tag in page for tag in ("<script", "<style", "<link", "<img", "style="))
    assert {"/v1/score", "/v1/model", "/healthz", "/metrics"} == set(description["paths"])
    for path in description["paths"]:
        assert path in page


def test_only_methods_that_there_are_are_answered(client):
    assert client.get("/v1/score").status_code == 405
    assert client.post("/").status_code == 405


class Unfinished:
    """A request whose head and first half are sent."""

    def __init__(self, server, form):
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self._connection.putrequest("POST", "/v1/score")
        self._connection.putheader("Content-Type", form.kind)
        self._connection.putheader("Content-Length", str(len(form.body)))
        self._connection.endheaders()
        self._rest = form.body[len(form.body) // 2 :]
        self._connection.send(form.body[: len(form.body) // 2])

    def finish(self):
        with closing(self._connection):
            self._connection.send(self._rest)
            answer = self._connection.getresponse()
            return answer.status, json.loads(answer.read())


def in_flight(client) -> bool:
    return "edge_detect_requests_in_flight 1.0" in client.get("/metrics").text


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_when_all_places_are_taken_others_are_told_when_to_come_again(models):
    options = ("--workers", "1", "--queue", "0")
    with running(*models, *options) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        first = Unfinished(server, Form.of(plain()))
        wait_until(lambda: in_flight(client))
        second = post(client, plain())
        assert (second.status_code, second.headers["retry-after"]) == (503, "1")
        assert first.finish()[0] == 200
        assert post(client, plain()).status_code == 200


@pytest.mark.parametrize("interrupt", ["SIGTERM", "SIGINT"])
def test_requests_under_way_are_answered_before_the_end(models, interrupt):
    import signal

    with running(*models) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        request = Unfinished(server, Form.of(plain()))
        wait_until(lambda: in_flight(client))
        server.process.send_signal(getattr(signal, interrupt))
        time.sleep(0.3)
        status, answer = request.finish()
        assert (status, answer["results"][0]["error"]) == (200, None)
        assert server.process.wait(PATIENCE) == 0
        assert server.process.stderr.read() == ""


def test_a_picture_that_takes_too_long_does_not_hold_up_the_end(models):
    command = [sys.executable, "-c", SLOW, "serve", "--port", "0", *models]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            port = int(re.findall(r":(\d+)/ ", server.stderr.readline())[0])
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                with ThreadPoolExecutor(1) as posting:
                    answer = posting.submit(post, client, plain())
                    wait_until(lambda: in_flight(client))
                    server.terminate()
                assert answer.result().status_code == 503
                assert "the server ends" in answer.result().json()["detail"]
            assert server.wait(PATIENCE) == 0
            assert "Traceback" not in server.stderr.read()
        finally:
            server.kill()


def test_a_body_that_is_too_large_is_refused_whatever_its_head_says(models):
    options = ("--max-bytes", "100000")
    with running(*models, *options) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        assert post(client, plain()).status_code == 200
        assert post(client, plain() + bytes(100_000)).status_code == 413
        form = Form.of(plain() + bytes(200_000))
        pieces = (form.body[start : start + 1000] for start in range(0, len(form.body), 1000))
        chunked = client.post("/v1/score", content=pieces, headers={"Content-Type": form.kind})
        assert chunked.status_code == 413
        assert "100000 bytes" in chunked.json()["detail"]


def test_an_endless_body_costs_no_memory(models):
    with running(*models) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        post(client, plain())
        before = server.peak_memory()

        def endless():
            yield Form.of(b"").body[:100]
            while True:
                yield bytes(1 << 20)

        try:
            answer = client.post("/v1/score", content=endless(), headers={"Content-Type": Form.of(b"").kind})
            assert answer.status_code == 413
        except httpx.HTTPError:  # the server closed the connection while the client went on sending
            pass
        assert server.peak_memory() - before < 100_000_000


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(models):
    options = ("--max-pixels", str(zoo.WIDTH * zoo.HEIGHT))
    with running(*models, *options) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        assert post(client, plain()).status_code == 200
        answer = post(client, zoo.encode(zoo.scene().repeat(2, axis=0), "PNG"))
    assert answer.status_code == 413
    assert "96×128 pixels" in answer.json()["detail"]


def test_a_thousand_posts_at_once_are_all_answered_and_memory_stays_bounded(models):
    with running(*models) as server:
        post_at_once(server.port, Form.of(plain()), 10)
        before = server.peak_memory()
        answers = post_at_once(server.port, Form.of(plain() + bytes(100_000)), 1000)
        assert {answer.status for answer in answers} <= {200, 503}
        assert sum(answer.status == 200 for answer in answers) >= 66
        assert server.peak_memory() - before < 150_000_000


def test_no_request_that_schemathesis_invents_breaks_the_description(client, tmp_path):
    """All its checks but one: no schema says which bytes are a picture, so most of those it sends are refused."""
    pytest.importorskip("schemathesis", reason="schemathesis needs Python 3.11")
    command = ["schemathesis.cli", "run", f"{client.base_url}/openapi.json", "--max-examples", "100", "--seed", "1"]
    run = subprocess.run(
        [sys.executable, "-m", *command, "--exclude-checks", "positive_data_acceptance", "--no-color"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "4 selected / 4 total" in run.stdout
