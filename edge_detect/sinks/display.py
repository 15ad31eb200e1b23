"""The annotated stream in a window."""

import os
import subprocess
import sys
from collections.abc import Callable

import cv2

from edge_detect import image
from edge_detect.detector import Inspection
from edge_detect.errors import UsageError
from edge_detect.sinks.pictures import annotated, faded

TITLE = "edge-detect (q ends)"
_TRY = "import cv2; cv2.namedWindow('edge-detect'); cv2.waitKey(1); cv2.destroyAllWindows()"


class Display:
    """A window that shows each frame; `q` or Escape in it ends the watch. Used by the thread that scores."""

    def __init__(self, ended: Callable[[], None]) -> None:
        """Raises UsageError, which says what to do instead, where no window can be opened."""
        # In a process of its own: without a screen, the window system ends the process that asks for a window.
        if subprocess.run([sys.executable, "-c", _TRY], capture_output=True, check=False).returncode:
            raise UsageError(
                "--display: no window can be opened here. Use --preview 8080 and open http://127.0.0.1:8080/; from "
                "another machine, after: ssh -L 8080:127.0.0.1:8080 THIS_MACHINE"
            )
        os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")  # fonts, which are not used
        self._ended = ended
        self._shown: image.Picture | None = None
        cv2.namedWindow(TITLE, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)

    def show(self, inspection: Inspection | None) -> None:
        """Show a frame, or with None that the source is lost."""
        if inspection is not None:
            self._shown = annotated(inspection)
        elif self._shown is not None:
            self._shown = faded(self._shown)
        if self._shown is not None:
            cv2.imshow(TITLE, image.to_opencv(self._shown))

    def look_for_keys(self) -> None:
        """End the watch if a key says so; as often as the window shall answer."""
        if cv2.waitKey(1) & 0xFF in (ord("q"), 27):
            self._ended()

    def close(self) -> None:
        """Close the window."""
        cv2.destroyAllWindows()
