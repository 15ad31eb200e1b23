"""A Raspberry Pi's own camera, through the Picamera2 library, which Raspberry Pi OS brings along."""

from typing import Any

from edge_detect import image
from edge_detect.errors import PictureError, SourceError, UsageError
from edge_detect.sources.stream import Shot
from edge_detect.sources.video import TIMEOUT

INSTALL = (
    "picamera2 is not installed for this Python: sudo apt-get install python3-picamera2, "
    "and make the environment with --system-site-packages"
)
SIZE = (1280, 720)
"""Width and height of the frames that are asked for."""


class PiCamera:
    """An open camera. Reading waits for its next frame."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera

    def read(self) -> Shot:
        """The next frame."""
        try:
            frame = self._camera.capture_array("main", wait=False).get_result(timeout=TIMEOUT)
            return Shot(image.from_opencv(frame))
        except (RuntimeError, OSError, TimeoutError, PictureError) as error:
            raise SourceError(f"picamera2 gives no more frames: {error or type(error).__name__}") from error

    def close(self) -> None:
        """Stop the camera and let others have it."""
        try:
            self._camera.stop()
        finally:
            self._camera.close()


def open_picamera() -> PiCamera:
    """Open the first camera. Raises UsageError without the library, SourceError without a camera that is free."""
    library = require()
    try:
        camera = library.Picamera2()
    except (RuntimeError, IndexError, OSError) as error:
        raise SourceError(f"picamera2 finds no camera that is free: {error}; check the cable") from error
    opened = PiCamera(camera)
    try:
        # libcamera's name for the order of channels that OpenCV uses
        camera.configure(camera.create_video_configuration(main={"size": SIZE, "format": "RGB888"}))
        camera.start()
    except Exception as error:  # whatever the library throws, the camera must not stay taken
        opened.close()
        raise SourceError(f"picamera2 cannot start the camera: {error}") from error
    return opened


def require() -> Any:
    """The library. Raises UsageError, which says how to get it, where it is not installed or not loaded."""
    try:
        import picamera2
    except ImportError as error:
        raise UsageError(INSTALL) from error
    except ValueError as error:  # compiled for another numpy than that of this environment
        raise UsageError(f"picamera2 cannot be loaded: {error}; see docs/raspberry-pi.md, Install") from error
    return picamera2
