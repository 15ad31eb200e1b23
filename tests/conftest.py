import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import checks
import others
import pictures
import pytest
import tiny
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # how long a case takes is no property of the code
settings.load_profile("patient")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
SHIPPED = ROOT / "models" / "deepfake" / "deepfake-int8.tflite"


def interruptible(command, **options) -> subprocess.Popen:
    """A process that Ctrl-C ends, also where the tests run in the background of a shell, whose children ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, **options)
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    """Labelled pictures that a small network learns to tell apart."""
    return pictures.write(tmp_path_factory.mktemp("checks"), count=60)


@pytest.fixture(scope="session")
def their_pictures(tmp_path_factory) -> Path:
    """Pictures with labels of somebody else's model."""
    return others.write(tmp_path_factory.mktemp("others") / "pictures")


@pytest.fixture(scope="session")
def their_model(tmp_path_factory) -> Path:
    """A Keras model without a card that tells them apart."""
    path = tmp_path_factory.mktemp("theirs") / "theirs.keras"
    others.network().save(path)
    return path


@pytest.fixture(scope="session")
def recipe(data, tmp_path_factory) -> Path:
    """A short training run on them."""
    path = tmp_path_factory.mktemp("recipe") / "checks.toml"
    path.write_text(checks.RECIPE.format(data=data, crops=2560))
    return path


@pytest.fixture(scope="session")
def run(recipe, tmp_path_factory) -> Path:
    """That run, finished."""
    folder = tmp_path_factory.mktemp("run") / "checks"
    done = checks.python("training", "fit", recipe, "--out", folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{folder / 'best.keras'}\n"
    return folder


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory) -> Path:
    """A packed tiny model that calls red pictures fake."""
    path = tmp_path_factory.mktemp("model") / "tiny.tflite"
    path.write_bytes(tiny.packed())
    return path


@pytest.fixture(scope="session")
def tiny_finder(tmp_path_factory) -> Path:
    """A packed tiny finder that calls red spots faces."""
    path = tmp_path_factory.mktemp("finder") / "spots.tflite"
    path.write_bytes(tiny.packed_finder())
    return path


@pytest.fixture(scope="session")
def faces() -> Path:
    """The shared face crops; tests that use them are skipped where they are absent."""
    folder = SHARED / "faces"
    if not folder.is_dir():
        pytest.skip("the shared face crops are not on this machine")
    return folder


@pytest.fixture(scope="session")
def scenes() -> Path:
    """The shared pictures with face boxes; tests that use them are skipped where they are absent."""
    folder = SHARED / "scenes"
    if not folder.is_dir():
        pytest.skip("the shared scenes are not on this machine")
    return folder


@pytest.fixture(scope="module")
def models(tiny_model, tiny_finder) -> tuple[str, ...]:
    """Options of `edge-detect serve` for tiny models."""
    return ("--model", str(tiny_model), "--finder", str(tiny_finder), "--workers", "2")


@pytest.fixture(scope="module")
def client(models):
    """A client of a server in a process of its own."""
    import httpx
    from posts import PATIENCE

    from edge_detect.serve.posting import running

    with running(*models) as server, httpx.Client(base_url=server.url, timeout=PATIENCE) as client:
        yield client


class Finished:
    """What a command left behind."""

    def __init__(self, run: "subprocess.CompletedProcess[bytes]") -> None:
        self.code = run.returncode
        self.out = run.stdout.decode()
        self.err = run.stderr.decode()

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    @property
    def records(self) -> list[dict]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture(scope="session")
def edge_detect():
    """Run `edge-detect` as a stranger does: in a process of its own."""

    def run(*arguments, stdin: bytes = b"", cwd=None) -> Finished:
        command = [sys.executable, "-m", "edge_detect", *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1"}
        return Finished(
            subprocess.run(command, input=stdin, capture_output=True, cwd=cwd, env=environment, check=False)
        )

    return run


@pytest.fixture
def unchanged():
    """What `fit` sets for its process is as it was afterwards."""
    import keras

    policy = keras.mixed_precision.dtype_policy()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    keras.mixed_precision.set_dtype_policy(policy)
    for number, handler in handlers.items():
        signal.signal(number, handler)
