"""edge-detect: spot deepfakes with small TFLite models on small devices."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from edge_detect.detector import Detector, Inspection
    from edge_detect.errors import EdgeDetectError, MissingExtraError, ModelError, PictureError, SourceError, UsageError
    from edge_detect.live.events import Event, Summary
    from edge_detect.live.watcher import watch
    from edge_detect.results import Box, Face, Result, Verdict

__all__ = [
    "Box",
    "Detector",
    "EdgeDetectError",
    "Event",
    "Face",
    "Inspection",
    "MissingExtraError",
    "ModelError",
    "PictureError",
    "Result",
    "SourceError",
    "Summary",
    "UsageError",
    "Verdict",
    "__version__",
    "watch",
]

_HOMES = {
    "Box": "results",
    "Detector": "detector",
    "EdgeDetectError": "errors",
    "Event": "live.events",
    "Face": "results",
    "Inspection": "detector",
    "MissingExtraError": "errors",
    "ModelError": "errors",
    "PictureError": "errors",
    "Result": "results",
    "SourceError": "errors",
    "Summary": "live.events",
    "UsageError": "errors",
    "Verdict": "results",
    "watch": "live.watcher",
}


def __getattr__(name: str) -> Any:
    """Import public names when they are first used, so that `--help` does not wait for OpenCV."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"edge_detect.{_HOMES[name]}"), name)
