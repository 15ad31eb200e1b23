"""A public git repository at one commit: which files it has, and their bytes. Nothing is checked out."""

import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge_detect.errors import EdgeDetectError
from training.sources.source import Source

_WANTS = 2000
"""Files asked for in one go: what has come is kept when the connection ends."""


class RepositoryError(EdgeDetectError):
    """A repository cannot be had, or lacks what is asked of it."""


class Repository:
    """A git folder, bare or not, and a commit in it."""

    def __init__(self, folder: Path, commit: str) -> None:
        """Raises RepositoryError when the folder lacks the commit."""
        self.folder = folder
        self.commit = commit
        if _git(folder, "cat-file", "-t", commit, check=False).stdout.strip() != b"commit":
            raise RepositoryError(f"{folder} lacks the commit {commit}: git -C {folder} fetch origin {commit}")

    def files(self) -> dict[str, str]:
        """Path → blob hash of every file."""
        listed = _git(self.folder, "ls-tree", "-r", "-z", self.commit).stdout
        entries = (entry.split("\t", 1) for entry in listed.decode("utf-8", "surrogateescape").split("\0") if entry)
        return {path: about.split()[2] for about, path in entries if about.split()[1] == "blob"}

    def read(self, blob: str) -> bytes:
        """The bytes of one blob. Raises RepositoryError when it is not there."""
        return _git(self.folder, "cat-file", "blob", blob).stdout

    def reader(self) -> "BlobReader":
        """Reads many blobs through one git process, inside `with`; use one per thread."""
        return BlobReader(self.folder)

    def absent(self) -> set[str]:
        """Objects of the commit that have not been fetched."""
        listed = _git(self.folder, "rev-list", "--objects", "--missing=print", "--no-object-names", self.commit).stdout
        return {line[1:] for line in listed.decode().splitlines() if line.startswith("?")}

    def fetch(self, blobs: Iterable[str]) -> Iterator[int]:
        """Fetch those blobs that a clone without contents still lacks; yields how many came, as they come."""
        missing = sorted(self.absent() & set(blobs))
        for start in range(0, len(missing), _WANTS):
            wanted = missing[start : start + _WANTS]
            options = ("--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--quiet")
            _git(self.folder, *_QUIET, "fetch", *options, "--stdin", "origin", data="\n".join(wanted).encode())
            yield len(wanted)


class BlobReader:
    """`git cat-file --batch`, spoken to through pipes."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["git", "-C", str(folder), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self) -> "BlobReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def read(self, blob: str) -> bytes | None:
        """The bytes of a blob; None when the clone lacks it. Raises RepositoryError when git has ended."""
        pipes = self._process
        if pipes.stdin is None or pipes.stdout is None:
            raise RepositoryError("git has no pipes")
        with contextlib.suppress(BrokenPipeError):  # of a git that has ended there is no answer, either
            pipes.stdin.write(f"{blob}\n".encode())
            pipes.stdin.flush()
        answer = pipes.stdout.readline().split()
        if len(answer) == 2 and answer[1] == b"missing":
            return None
        if len(answer) != 3:
            raise RepositoryError(f"git ended while reading {blob}; is the clone damaged? git fsck tells")
        size = int(answer[2])
        data = pipes.stdout.read(size + 1)
        if len(data) != size + 1:
            raise RepositoryError(f"git ended in the middle of {blob}; is the clone damaged? git fsck tells")
        return data[:-1]


def at_hand(source: Source, clones: Path) -> Repository:
    """The repository of a source among clones on disk: OWNER+NAME/repo, OWNER+NAME, NAME, NAME.git or SOURCE.git.

    The last is what `build` calls those it makes. Raises RepositoryError when there is none, or it lacks the commit.
    """
    owner, name = source.home.removesuffix(".git").rstrip("/").split("/")[-2:]
    places = (f"{owner}+{name}/repo", f"{owner}+{name}", name, f"{name}.git", f"{source.name}.git")
    for place in map(clones.joinpath, places):
        if (place / ".git").exists() or (place / "HEAD").is_file():
            return Repository(place, source.commit)
    raise RepositoryError(
        f"no clone of {source.home} in {clones}: git clone --bare {source.home} {clones / places[-1]}"
    )


def clone(source: Source, folder: Path) -> Repository:
    """The repository of a source in a bare clone at `folder`: its commit without history and without contents.

    What is there already is kept. Raises RepositoryError when it cannot be fetched.
    """
    if not (folder / "HEAD").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        _git(folder, "init", "--bare", "--quiet")
    if _git(folder, "remote", "get-url", "origin", check=False).returncode:
        _git(folder, "remote", "add", "origin", source.home)
    if _git(folder, "rev-parse", "--verify", "--quiet", "refs/heads/source", check=False).returncode:
        options = ("--no-tags", "--no-write-fetch-head", "--depth=1", "--filter=blob:none", "--quiet")
        _git(folder, *_QUIET, "fetch", *options, "origin", f"{source.commit}:refs/heads/source")
    return Repository(folder, source.commit)


_QUIET = ("-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.negotiationAlgorithm=noop")


def _git(
    folder: Path, *arguments: str, data: bytes | None = None, check: bool = True
) -> "subprocess.CompletedProcess[bytes]":
    """Run git in a folder; never asks for a password. Raises RepositoryError with what git says."""
    command = ["git", "-C", str(folder), *arguments]
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        run = subprocess.run(command, input=data, capture_output=True, env=environment, check=False)
    except FileNotFoundError as error:
        raise RepositoryError("git is not installed: install it, for instance with apt-get install git") from error
    if check and run.returncode:
        raise RepositoryError(
            f"git {' '.join(arguments[:6])} in {folder}: {run.stderr.decode(errors='replace').strip()}"
        )
    return run
