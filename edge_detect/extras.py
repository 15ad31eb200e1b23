"""Optional dependencies that a whole verb stands on."""

from importlib.util import find_spec

from edge_detect.errors import MissingExtraError


def require(purpose: str, extra: str, *packages: str) -> None:
    """Raise MissingExtraError, which names the extra, when a package of it is not installed."""
    if not all(find_spec(package) for package in packages):
        raise MissingExtraError(purpose, extra)
