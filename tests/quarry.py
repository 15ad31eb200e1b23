"""Git repositories like those that the sources live in, made on the spot, and the command that builds from them."""

import csv
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import zoo

FACE = (210, 70, 60)


def picture(seed: int, side: int = 320, face: bool = True) -> np.ndarray:
    """A coarse blue-green pattern, RGB, and in it a red, patterned disc: what the seeker takes for a face."""
    rng = np.random.default_rng(seed)
    pattern = rng.integers(0, 160, (9, 9, 3), np.uint8)
    pattern[..., 0] = 0
    scene = cv2.resize(pattern, (side, side), interpolation=cv2.INTER_CUBIC)
    if face:
        disc = np.zeros((side, side), np.uint8)
        cv2.circle(disc, (side // 2 + seed % 5 * 4, side // 2), side // 5, 255, -1)
        skin = cv2.resize(rng.integers(-60, 60, (12, 12)).astype(np.float32), (side, side))[..., None] + FACE
        scene[disc > 0] = np.clip(skin, 0, 255).astype(np.uint8)[disc > 0]
    return scene


def jpeg(seed: int, **options) -> bytes:
    return zoo.encode(picture(seed, **options), "JPEG", quality=95)


def repository(folder: Path, files: dict[str, bytes]) -> str:
    """A repository with these files and two commits, of which the first counts; returns its hash."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowFilter", "true")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit = _commit(folder)
    (folder / "later.txt").write_text("pictures may change after the commit that counts")
    for name in files:
        (folder / name).unlink()
    _commit(folder)
    return commit


def source(path: Path, home: str, commit: str, more: str = "", pictures: str = "") -> Path:
    """A source's TOML file; by default `real/**` is real, `fake/**` fake, and each file its own group."""
    path.write_text(
        f'name = "{path.stem}"\nhome = "{home}"\ncommit = "{commit}"\n'
        'about = "Discs"\nlicence = "None"\nuse = "Tests"\n'
        + more
        + (
            pictures
            or '[[pictures]]\npaths = "real/*"\nlabel = "real"\nmethod = "photo"\n'
            '[[pictures]]\npaths = "fake/*"\nlabel = "fake"\nmethod = "drawn"\n'
        )
    )
    return path


def command(*arguments):
    return [sys.executable, "-m", "training.sources", *map(str, arguments)]


def sources(*arguments):
    run = subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run


def rows(table):
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "pictures")
    return git(folder, "rev-parse", "HEAD").strip()
