"""A camera as many are: MJPEG over HTTP on loopback, whose resolution changes in mid-stream.

`python mjpeg.py PORT` serves until it is killed.
"""

import itertools
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import clips
import cv2
import numpy as np

SIZES = (160, 120), (320, 240), (120, 160)


def part(width: int, height: int) -> bytes:
    """A green picture as it stands in the stream."""
    frame = np.ascontiguousarray(clips.solid(clips.GREEN, width, height)[..., ::-1])
    picture = cv2.imencode(".jpg", frame)[1].tobytes()
    return b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            for number in itertools.count():
                self.wfile.write(part(*SIZES[number // 10 % len(SIZES)]))
                time.sleep(0.04)
        except OSError:
            return

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
