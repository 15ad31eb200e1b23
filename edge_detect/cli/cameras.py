"""`edge-detect cameras`: what can be watched here."""

import json
from typing import Annotated

import typer


def cameras(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the cameras that are here.

    One a line: what to call it in `edge-detect watch`, and its name.
    """
    from edge_detect.sources.cameras import cameras as find

    found = find()
    if as_json:
        typer.echo(json.dumps([camera.to_dict() for camera in found]))
        return
    for camera in found:
        typer.echo(f"{camera.source:<10} {camera.name}")
    if not found:
        typer.echo(
            "edge-detect: no camera is here. One on USB shows up as /dev/video0, to users of the group `video`; one on "
            "a Raspberry Pi's ribbon cable needs python3-picamera2. Streams (rtsp://, http://) need none of this.",
            err=True,
        )
