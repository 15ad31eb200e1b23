"""Who may ask the HTTP API: this machine, who knows the token, pages that were let in."""

import socket

import httpx
import pytest
from posts import PATIENCE, plain, post

pytest.importorskip("fastapi", reason="the extra 'serve' is not installed")

from edge_detect.serve.posting import running

TOKEN = "a-token-of-enough-characters"


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", ""])
def test_a_name_that_was_made_to_point_here_is_refused(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "[::1]"])
def test_names_of_this_machine_are_answered(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_form_that_another_page_posts_is_refused(client):
    for origin in ("https://evil.example", "null", "http://localhost:1", "http://["):
        assert post(client, plain(), headers={"Origin": origin}).status_code == 403
    assert post(client, plain(), headers={"Origin": str(client.base_url).rstrip("/")}).status_code == 200


def test_a_page_that_was_let_in_may_post(models):
    with running(*models, "--cors", "https://friend.example") as server:
        friend = {"Origin": "https://friend.example"}
        with httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
            answer = post(client, plain(), headers=friend)
            asked = client.options("/v1/score", headers={**friend, "Access-Control-Request-Method": "POST"})
            other = post(client, plain(), headers={"Origin": "https://evil.example"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == friend["Origin"]
    assert asked.status_code == 200
    assert (other.status_code, other.headers.get("access-control-allow-origin")) == (403, None)


@pytest.mark.parametrize("options", [("--host", "0.0.0.0"), ("--host", "::"), ("--allow-host", "me.example")])
def test_other_machines_are_not_let_in_without_a_token(edge_detect, models, options):
    run = edge_detect("serve", "--port", "0", *models, *options)
    assert (run.code, run.out) == (2, "")
    assert "--token-file" in run.err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(
            ("--cors", value)
            for value in (
                "*",
                "https://a.example/",
                "a.example",
                "https://A.example",
                "ftp://a.example",
                "https://a.example:443",
            )
        ),
        *(("--allow-host", value) for value in ("https://a.example", "a.example:8000", "a.example/")),
    ],
)
def test_a_name_that_no_request_could_bear_is_refused(edge_detect, models, token_file, option, value):
    run = edge_detect("serve", "--port", "0", *models, "--token-file", token_file, option, value)
    assert (run.code, run.out) == (2, "")
    assert f"{option} {value}: give" in run.err


def test_with_a_token_the_api_is_locked_and_the_page_is_not(models, token_file):
    options = ("--host", "0.0.0.0", "--token-file", str(token_file))
    with running(*models, *options) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        for authorization in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xff"):
            answer = post(client, plain(), headers={"Authorization": authorization.encode("latin-1")})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert [client.get(path).status_code for path in ("/v1/model", "/metrics")] == [401, 401]
        assert [client.get(path).status_code for path in ("/healthz", "/docs")] == [200, 200]
        known = {"Authorization": f"Bearer {TOKEN}", "Host": "any.example"}
        assert post(client, plain(), headers=known).status_code == 200
        assert client.get("/metrics", headers=known).status_code == 200


def test_names_that_are_given_are_the_only_ones_on_any_address(models, token_file):
    options = ("--host", "0.0.0.0", "--token-file", str(token_file), "--allow-host", "Me.example")
    with running(*models, *options) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        hosts = ("me.example", "localhost:8000", "any.example")
        assert [client.get("/healthz", headers={"Host": host}).status_code for host in hosts] == [200, 200, 403]


@pytest.mark.parametrize(
    ("text", "said"), [("", "is empty"), ("short", "16 or more"), ("with some blanks in it", "spaces")]
)
def test_a_token_that_is_none_is_wrong_usage(edge_detect, models, tmp_path, text, said):
    (tmp_path / "token").write_text(text)
    run = edge_detect("serve", "--port", "0", *models, "--token-file", tmp_path / "token")
    assert run.code == 2
    assert said in run.err


def test_a_token_that_others_can_read_is_spoken_of(capsys, token_file):
    from edge_detect.serve.token import read_token

    assert read_token(token_file) == TOKEN.encode()
    assert capsys.readouterr().err == ""
    token_file.chmod(0o644)
    read_token(token_file)
    assert "chmod 600" in capsys.readouterr().err


def test_a_host_that_is_not_there_is_no_matter_of_its_port(edge_detect, models):
    run = edge_detect("serve", "--host", "nohost.invalid", "--port", "0", *models)
    assert (run.code, run.out) == (2, "")
    assert "--host nohost.invalid: " in run.err
    assert "name this machine or its address" in run.err


def test_a_port_that_is_taken_is_said(edge_detect, models):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = edge_detect("serve", "--port", taken.getsockname()[1], *models)
    assert run.code == 2
    assert "Address already in use; take another" in run.err
