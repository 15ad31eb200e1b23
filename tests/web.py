"""The page's own tools, run by Node in the page's folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
WEB = ROOT / "edge_detect" / "serve" / "web"
PAGE = ROOT / "edge_detect" / "serve" / "static" / "index.html"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"


def missing(*, browser: bool = True) -> str | None:
    """What is not there that the tests of the page need, and how to get it."""
    if shutil.which("npx") is None or not (WEB / "node_modules").is_dir():
        return "the page's tools are not installed: `make web`, which needs Node.js 20 and npm"
    if browser and not PAGE.is_file():
        return "the page is not built: `make web`"
    if browser and not Path(CHROMIUM).exists():
        return "there is no Chromium: `sudo .ci/browser` installs it on Debian, or name one as $CHROMIUM"
    return None


def run(*command: str, **environment: Path | str) -> "subprocess.CompletedProcess[str]":
    """Run a tool of the page's, with what it asks of its environment."""
    told = {name: str(value) for name, value in environment.items()}
    return subprocess.run(
        ["npx", "--no-install", *command],
        cwd=WEB,
        env={**os.environ, "EDGE_DETECT_PYTHON": sys.executable, "CHROMIUM": CHROMIUM, "NO_COLOR": "1", **told},
        capture_output=True,
        text=True,
        check=False,
    )
