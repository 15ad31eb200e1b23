"""An RTSP camera: GStreamer's RTSP server on loopback. `python3 rtsp.py PORT` serves rtsp://127.0.0.1:PORT/green.

Runs under Debian's own Python, for which the server's bindings are packaged, and imports nothing of the project.
"""

import sys


def main(port: str) -> None:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(
        "( videotestsrc is-live=true pattern=green ! video/x-raw,format=I420,width=160,height=120,framerate=20/1 "
        "! jpegenc ! rtpjpegpay name=pay0 pt=26 )"
    )
    factory.set_shared(True)
    server.get_mount_points().add_factory("/green", factory)
    if not server.attach(None):
        sys.exit(f"port {port} cannot be had")
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(sys.argv[1])
