"""The token that lets other machines in."""

import stat
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.progress import say
from edge_detect.secret import read_secret

LEAST = 16
"""Characters of a token at least."""
_MAKE = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe())'"


def read_token(path: Path) -> bytes:
    """The token in a file. Says so on stderr when others on this machine can read it, too.

    Raises UsageError when it cannot be read, is short, or is nothing that fits into a header.
    """
    token = read_secret(path).strip()
    if len(token) < LEAST or not all(0x21 <= sign <= 0x7E for sign in token):
        raise UsageError(f"{path}: a token has {LEAST} or more printable ASCII characters and no spaces; {_MAKE}")
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        say(f"edge-detect: others on this machine can read {path}; chmod 600 would keep the token from them")
    return token
