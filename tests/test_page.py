"""The page: its own tests, run by Node, against what Python answers and against the real server."""

import parity
import pytest
import web
import web_fixtures
import web_pictures
from conftest import ROOT


@pytest.fixture(scope="module")
def tools() -> None:
    if reason := web.missing(browser=False):
        pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> None:
    if reason := web.missing():
        pytest.skip(reason)


@pytest.mark.usefixtures("tools")
def test_the_page_is_typed_strictly():
    done = web.run("tsc")
    assert done.returncode == 0, done.stdout


@pytest.mark.usefixtures("tools")
def test_the_page_computes_the_bytes_and_boxes_that_python_computes(tmp_path):
    done = web.run("vitest", "run", "tests/unit", EDGE_DETECT_FIXTURES=web_fixtures.write(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize("part", ["page", "camera", "order", "offline"])
def test_the_page_does_what_it_promises_in_chromium(tmp_path, part):
    pictures = web_pictures.write(tmp_path)
    done = web.run(
        *("playwright", "test", f"{part}.spec"),
        EDGE_DETECT_PICTURES=pictures,
        EDGE_DETECT_CLIP=pictures / web_pictures.CLIP,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.usefixtures("browser")
def test_the_page_scores_the_parity_set_as_python_does(tmp_path):
    done = parity.run(parity.write(tmp_path))
    assert done.returncode == 0, parity.summary(tmp_path) + done.stdout


def test_the_lock_of_the_page_names_no_registry():
    assert '"resolved"' not in (ROOT / "edge_detect/serve/web/package-lock.json").read_text()
