"""The Gradio interface, asked by its own client and by others, in a process whose every call outside is noticed."""

import itertools
import json
import os
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
import tiny
import zoo
from conftest import SHIPPED

from edge_detect.card import Thresholds
from edge_detect.serve.trial import Trial

gradio_client = pytest.importorskip("gradio_client", reason="the extra 'gradio' is not installed")

PATIENCE = 120


@pytest.fixture(scope="module")
def outside():
    """What every call to another machine would go through."""
    with socket.create_server(("127.0.0.1", 0)) as outside:
        outside.settimeout(0.2)
        yield outside


@pytest.fixture(scope="module")
def url(outside, tiny_model, tmp_path_factory):
    """Where the interface is served, with a tiny model beside the shipped ones."""
    proxy = f"http://127.0.0.1:{outside.getsockname()[1]}"
    environment = {
        **os.environ,
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), proxy),
        "NO_PROXY": "127.0.0.1,localhost",
        "TMPDIR": str(tmp_path_factory.mktemp("uploads")),
    }
    command = [sys.executable, "-m", "edge_detect", "gradio", "--port", "0", "--model", str(tiny_model)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        said = process.stderr.readline().decode()
        found = re.search(r"http://127\.0\.0\.1:\d+/", said)
        assert found, said + process.stderr.read().decode()
        yield found.group()
        process.terminate()
        out, error = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, error) == (0, b"", b"")
    assert not list(Path(environment["TMPDIR"]).glob("edge-detect-*"))  # nothing that was sent is left


@pytest.fixture(scope="module")
def client(url, tmp_path_factory):
    return gradio_client.Client(url, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


@pytest.fixture
def photo(tmp_path) -> Path:
    """A JPEG that another encoder would change."""
    from training.demo import portrait

    pixels, _ = portrait("hopper")
    path = tmp_path / "photo.jpg"
    path.write_bytes(zoo.encode(pixels, "JPEG", quality=40))
    return path


def test_the_record_is_that_of_scan(client, edge_detect, photo):
    (scanned,) = edge_detect("scan", "--jsonl", "--exit-zero", photo).records
    annotated, heat, record = client.predict(gradio_client.handle_file(photo), "deepfake", "", api_name="/score")
    assert json.loads(record) == {**scanned, "path": "photo.jpg"}
    assert scanned["score"] is not None
    assert Path(annotated).stat().st_size > 10_000
    assert Path(heat).read_bytes() != Path(annotated).read_bytes()


def test_the_operating_point_moves_the_thresholds_and_not_the_score(client, edge_detect, photo):
    (scanned,) = edge_detect("scan", "--jsonl", "--exit-zero", "--fpr", "0.001", photo).records
    _, _, record = client.predict(gradio_client.handle_file(photo), "deepfake", "0.001", api_name="/score")
    assert json.loads(record) == {**scanned, "path": "photo.jpg"}


def test_a_model_of_ones_own_can_be_picked(client, photo, tiny_model):
    _, heat, record = client.predict(gradio_client.handle_file(photo), str(tiny_model), "", api_name="/score")
    assert json.loads(record)["model"]["name"] == "tiny"
    assert heat is None  # it says nothing of patches


def test_an_operating_point_that_a_model_has_not_is_said(client, photo, tiny_model):
    with pytest.raises(gradio_client.exceptions.AppError, match="carries no thresholds by false-alarm rate"):
        client.predict(gradio_client.handle_file(photo), str(tiny_model), "0.01", api_name="/score")


def test_no_picture_is_no_error(client):
    assert client.predict(None, "deepfake", "", api_name="/score") == (None, None, None)


def test_what_is_no_picture_is_said_without_a_path(client, tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    *drawn, record = client.predict(
        gradio_client.handle_file(str(tmp_path / "notes.txt")), "deepfake", "", api_name="/score"
    )
    assert drawn == [None, None]  # and not what was drawn of the picture before
    assert "not a picture of a supported kind" in json.loads(record)["error"]
    assert str(tmp_path) not in record


@pytest.mark.parametrize("name", ["header-only.jpg", "half.png"])
def test_what_cannot_be_decoded_is_said_as_scan_says_it(client, edge_detect, tmp_path, name):
    path = tmp_path / name
    path.write_bytes(zoo.broken()[name])
    (scanned,) = edge_detect("scan", "--jsonl", "--exit-zero", path).records
    _, _, record = client.predict(gradio_client.handle_file(str(path)), "deepfake", "", api_name="/score")
    assert json.loads(record) == {**scanned, "path": name}


def test_operating_points_are_told_apart(tmp_path):
    rates = {"0.0005": 0.9, "0.001": 0.8}
    path = tmp_path / "own.tflite"
    path.write_bytes(tiny.packed(thresholds=Thresholds(false_alarms=rates, reals=5000)))
    assert [label for label, _ in Trial([str(path)]).rates][1:3] == ["0.05%", "0.1%"]


def test_no_path_and_no_address_is_taken_from_a_client(url, photo):
    with socket.create_server(("127.0.0.1", 0)) as bait:
        bait.settimeout(0.2)
        address = f"http://127.0.0.1:{bait.getsockname()[1]}/x.jpg"
        for named, slot in itertools.product((str(photo), str(SHIPPED), address), range(3)):
            data = [None, "deepfake", ""]
            data[slot] = {"path": named, "meta": {"_type": "gradio.FileData"}}
            call = httpx.post(f"{url}gradio_api/call/score", json={"data": data}).json()["event_id"]
            said = httpx.get(f"{url}gradio_api/call/score/{call}", timeout=PATIENCE).text
            assert said.startswith("event: error")
            assert "send the file itself" in said
        for route in (f"file={address}", f"file/{address}", f"proxy={address}"):
            assert httpx.get(f"{url}gradio_api/{route}", timeout=PATIENCE).status_code == 403
        with pytest.raises(TimeoutError):
            bait.accept()


class Loads(HTMLParser):
    """What a page has a browser load."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.found += [given[name] for name in ("src", "href") if name in given and tag != "a"]


def test_the_page_loads_nothing_from_elsewhere(url):
    page = httpx.get(url)
    loads = Loads()
    loads.feed(page.text)
    assert len(loads.found) > 2
    styles = httpx.get(f"{url}theme.css").text
    for each in [*loads.found, *re.findall(r"url\(['\"]?([^)'\"]*)", styles + page.text)]:
        assert not re.match(r"(https?:)?//", each) or each.startswith(url), each
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert not re.search(r"https?:|\*", policy)


def test_a_name_that_was_made_to_point_here_is_refused(url):
    assert httpx.get(url, headers={"Host": "evil.example"}).status_code == 403


def test_nothing_was_asked_outside(client, outside, photo):
    client.predict(gradio_client.handle_file(photo), "deepfake", "", api_name="/score")
    with pytest.raises(TimeoutError):
        outside.accept()


def test_what_is_no_classifier_is_refused(edge_detect, tiny_finder):
    run = edge_detect("gradio", "--port", "0", "--model", tiny_finder)
    assert run.code == 2
    assert "is a finder, and a classifier is needed" in run.err
