"""`edge-detect watch`: score frames as they come."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from edge_detect.cli import options
from edge_detect.cli.process import end
from edge_detect.errors import ExitCode, UsageError


def watch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            envvar="EDGE_DETECT_SOURCE",
            show_envvar=False,
            help="A camera (0, /dev/video0, picamera2), a URL (rtsp://, http://), a video file, 'frames/%05d.png', "
            "or a folder in which pictures arrive. Default: $EDGE_DETECT_SOURCE.",
        ),
    ],
    model: options.Model = None,
    finder: options.Finder = None,
    whole_image: options.WholeImage = False,
    small_faces: options.SmallFaces = False,
    fpr: options.Fpr = None,
    policy: Annotated[
        Optional[str],
        typer.Option(
            metavar="NAME",
            help="newest: drop frames that wait; every: capture waits. Default: newest for cameras and streams.",
        ),
    ] = None,
    window: Annotated[int, typer.Option(min=1, metavar="N", help="Frames that a face's score is smoothed over.")] = 10,
    trigger: Annotated[int, typer.Option(min=1, metavar="N", help="Frames in a row that change the state.")] = 5,
    cooldown: Annotated[
        float, typer.Option(min=0, metavar="S", help="Seconds that fake holds after the last frame that said so.")
    ] = 5.0,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Print each frame, not only changes of state.")
    ] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a line.")] = False,
    save_events: Annotated[
        Optional[Path], typer.Option(metavar="DIR", help="Write the frame, the crop and the JSON of each event.")
    ] = None,
    keep: Annotated[
        Optional[int],
        typer.Option(min=1, metavar="N", help="Events in that folder at most, the oldest go; default: 1000."),
    ] = None,
    command: Annotated[
        Optional[str],
        typer.Option("--exec", metavar="CMD", help="Run a program for each event, its JSON on stdin; no shell."),
    ] = None,
    webhook: Annotated[
        Optional[str],
        typer.Option(
            metavar="URL",
            envvar="EDGE_DETECT_WEBHOOK",
            show_envvar=False,
            help="POST each event to a web server. Default: $EDGE_DETECT_WEBHOOK.",
        ),
    ] = None,
    webhook_secret: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="Sign what is posted with the secret in this file.")
    ] = None,
    mqtt: Annotated[
        Optional[str],
        typer.Option(
            metavar="URL", help="Publish events to a broker: mqtt://user@host:1883/name, or mqtts://; see README."
        ),
    ] = None,
    mqtt_password: Annotated[
        Optional[Path],
        typer.Option(metavar="FILE", help="Its password; by default that in $EDGE_DETECT_MQTT_PASSWORD."),
    ] = None,
    mqtt_ca: Annotated[
        Optional[Path], typer.Option(metavar="FILE", help="Certificates to trust instead of the system's.")
    ] = None,
    metrics: Annotated[
        Optional[str], typer.Option(metavar="PORT", help="Serve counts for Prometheus on loopback, or on HOST:PORT.")
    ] = None,
    preview: Annotated[
        Optional[int],
        typer.Option(min=0, max=65535, metavar="PORT", help="Serve the annotated stream as a page on loopback."),
    ] = None,
    display: Annotated[bool, typer.Option("--display", help="Show the annotated stream in a window.")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="Exit with 0 also when something is flagged.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No status line.")] = False,
) -> None:
    """Score frames as they come: from a camera, a stream, a video, a folder.

    Prints each change of state, and at the end a summary; of a video, the verdict on the whole clip. A source that is
    lost is tried again. Ctrl-C and SIGTERM finish the frame, deliver what waits and print the summary. Exit codes: 0
    nothing flagged, 1 something flagged, if only for a while, 2 wrong usage, or a video or a picture of a sequence that
    is unreadable, 70 internal error, or lines of output that were lost, 130 a video that was interrupted.
    """
    options.check_search(whole_image=whole_image, small_faces=small_faces, finder=finder)
    for option, given, needed, there in (
        ("--keep", keep, "--save-events", save_events),
        ("--webhook-secret", webhook_secret, "--webhook", webhook),
        ("--mqtt-password", mqtt_password, "--mqtt", mqtt),
        ("--mqtt-ca", mqtt_ca, "--mqtt", mqtt),
    ):
        if given and not there:
            raise UsageError(f"{option} is of no use without {needed}")

    from edge_detect.detector import Detector
    from edge_detect.live.run import Outputs, run
    from edge_detect.live.watcher import Settings, find_policy
    from edge_detect.sinks.saved import KEPT
    from edge_detect.sinks.ways_out import open_outlets
    from edge_detect.sources.folder import is_watched
    from edge_detect.sources.named import find_source
    from edge_detect.sources.stream import Kind

    settings = Settings(find_policy(policy), window, trigger, cooldown, every_frame)
    found = find_source(source)
    if save_events and found.kind is Kind.FOLDER and is_watched(save_events, Path(source)):
        raise UsageError(f"--save-events {save_events} lies in {source}: its pictures would be watched, too")
    outlets = open_outlets(
        found.name,
        save_events=save_events,
        keep=keep or KEPT,
        command=command,
        webhook=webhook,
        webhook_secret=webhook_secret,
        mqtt=mqtt,
        mqtt_password=mqtt_password,
        mqtt_ca=mqtt_ca,
    )
    detector = Detector.load(model, finder=finder, whole_image=whole_image, small_faces=small_faces, fpr=fpr)
    outputs = Outputs(as_jsonl, outlets, metrics, preview, display, quiet)
    code = run(found, detector, settings, outputs)
    end(ExitCode.OK if exit_zero and code == ExitCode.FLAGGED else code)  # a thread may hang in a camera's driver
