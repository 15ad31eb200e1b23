"""Secrets, which are kept in files: on a command line, others could read them."""

from pathlib import Path

from edge_detect.errors import UsageError


def read_secret(path: Path) -> bytes:
    """The key in a file, without the line break at its end. Raises UsageError when it cannot be read or is empty."""
    try:
        secret = path.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    if not secret:
        raise UsageError(f"{path} is empty; a secret is expected in it")
    return secret
