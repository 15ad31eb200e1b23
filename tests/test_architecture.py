"""The walls of the house: who may import whom, and what must not happen before a verb needs it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "edge_detect": {"edge_detect"},
    "convert": {"convert", "edge_detect"},
    "training": {"training", "edge_detect"},
}
OURS = set(ALLOWED)
HEAVY = {"tensorflow", "keras", "sklearn", "matplotlib"}


def imports(path: Path) -> set[str]:
    """Top-level packages that a file imports, at any place."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", ALLOWED)
def test_no_arrow_between_the_rooms_is_reversed(package):
    for path in files(package):
        assert imports(path) & OURS <= ALLOWED[package], path


EVALUATION = {"sklearn", "matplotlib"}
"""The extra `evaluate`."""


def test_the_runtime_imports_nothing_heavy():
    for path in files("edge_detect"):
        allowed = EVALUATION if path.parent.name == "evaluation" else set()
        assert not imports(path) & (HEAVY - allowed), path


WEB = {"anyio", "fastapi", "gradio", "pydantic", "starlette", "uvicorn"}
"""The extras `serve` and `gradio`."""


def test_only_the_service_imports_web_frameworks():
    for path in files("edge_detect"):
        if path.parent.name != "serve":
            assert not imports(path) & WEB, path


def test_figures_of_merit_need_no_extra():
    code = (
        "import sys, edge_detect.evaluation.evaluate, edge_detect.evaluation.text;"
        "print(*{'sklearn', 'matplotlib'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_bgr_is_known_in_one_file_of_the_runtime_only():
    users = [path.name for path in files("edge_detect") if "BGR" in path.read_text()]
    assert users == ["image.py"]


def test_the_processes_that_make_batches_do_not_load_a_training_framework():
    code = "import sys, training.crops, training.compose; print(*{'keras', 'tensorflow'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_the_sources_do_not_load_a_training_framework():
    code = (
        "import sys, training.sources.run, training.sources.tables; print(*{'keras', 'tensorflow'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_importing_the_command_line_loads_no_opencv_interpreter_or_tensorflow():
    code = "import sys, edge_detect.cli; print(*{'cv2', 'numpy', 'ai_edge_litert', 'tensorflow'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


@pytest.mark.parametrize(
    ("missing", "extra", "arguments"),
    [
        ("convert", "train", ["convert", "models/deepfake/deepfake.keras", "--data", "x", "--out", "{folder}"]),
        ("tensorflow", "train", ["convert", "models/deepfake/deepfake.keras", "--data", "x", "--out", "{folder}"]),
        ("fastapi", "serve", ["serve"]),
        ("gradio", "gradio", ["gradio"]),
    ],
)
def test_a_verb_says_what_to_install_where_it_is_missing(missing, extra, arguments, tmp_path):
    given = ["edge-detect", *(argument.format(folder=tmp_path) for argument in arguments)]
    code = f"import sys; sys.modules[{missing!r}] = None; sys.argv = {given}; import edge_detect.cli as c; c.main()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 2, run.stderr
    assert f"pip install 'edge-detect[{extra}]'" in run.stderr


def test_public_names_are_importable_and_listed():
    import edge_detect

    for name in edge_detect.__all__:
        assert getattr(edge_detect, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        edge_detect.nothing  # noqa: B018 - the access is the test


def test_no_file_is_larger_than_three_megabytes():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        assert not path.exists() or path.stat().st_size <= 3_000_000, name
