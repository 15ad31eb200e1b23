"""A camera as many are: MJPEG over HTTP on loopback. `python mjpeg.py PORT` serves until it is killed."""

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import clips
import cv2
import numpy as np


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        picture = cv2.imencode(".jpg", np.ascontiguousarray(clips.solid(clips.GREEN, 160, 120)[..., ::-1]))[1].tobytes()
        part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture)
        try:
            while True:
                self.wfile.write(part)
                time.sleep(0.04)
        except OSError:
            return

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
