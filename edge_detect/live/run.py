"""A watch from its first frame to its summary: events to the ways out, signals, status line, service manager."""

import dataclasses
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from edge_detect.detector import Detector
from edge_detect.errors import ExitCode
from edge_detect.hosts import LOOPBACK
from edge_detect.live import systemd
from edge_detect.live.events import Kind, Summary
from edge_detect.live.watcher import Settings, Viewer, Watcher
from edge_detect.progress import say, status_line
from edge_detect.sinks.display import Display
from edge_detect.sinks.lines import Lines, as_json, as_text
from edge_detect.sinks.metrics import Metrics
from edge_detect.sinks.outlet import Outlet
from edge_detect.sinks.preview import Preview
from edge_detect.sources import stream
from edge_detect.sources.stream import Source
from edge_detect.stopping import until_told_to_stop


@dataclass(frozen=True)
class Outputs:
    """Where events and frames go.

    jsonl: whether standard output is JSON Lines; outlets: the other ways out, which are started and closed here;
    metrics: a port or host:port; preview: a port; display: in a window; quiet: without a status line.
    """

    jsonl: bool = False
    outlets: Sequence[Outlet] = ()
    metrics: str | None = None
    preview: int | None = None
    display: bool = False
    quiet: bool = False


def run(source: Source, detector: Detector, settings: Settings, outputs: Outputs) -> ExitCode:
    """Watch until the source ends or the process is told to stop; say with which code to exit.

    Raises SourceError when a recording cannot be read, UsageError when a port or window cannot be had.
    """
    viewers: list[Viewer] = []
    pulses: list[Callable[[], None]] = [systemd.Heart().beat]
    recording = source.kind is stream.Kind.RECORDING
    with ExitStack() as stack:
        show = stack.enter_context(status_line(hidden=outputs.quiet))

        def beat() -> None:
            for pulse in pulses:
                pulse()
            show(lambda: f"{watcher.state or 'waiting for the first frame'}; {watcher.counts}; {source.name}")

        watcher = Watcher(source, detector, settings, viewers=viewers, beat=beat)
        lines = Lines(as_json if outputs.jsonl else as_text, watcher.stop)
        everything = [lines, *outputs.outlets]
        for outlet in everything:
            outlet.complain = _say
            if outlet.local and source.kind is not stream.Kind.LIVE:
                outlet.is_patient = lambda: not watcher.stopped
        if outputs.metrics is not None:
            metrics = Metrics(outputs.metrics, watcher, everything)
            stack.callback(metrics.close)
            _say(f"metrics on port {metrics.port}")
        if outputs.preview is not None:
            preview = Preview(outputs.preview)
            stack.callback(preview.close)
            viewers.append(preview.show)
            _say(f"preview on http://{LOOPBACK}:{preview.port}/")
        if outputs.display:
            display = Display(watcher.stop)
            stack.callback(display.close)
            viewers.append(display.show)
            pulses.append(display.look_for_keys)
        with until_told_to_stop(watcher.stop):
            summary = _deliver(watcher, lines, outputs.outlets)
    if (lines.failed or lines.dropped) and not lines.unread:
        return ExitCode.INTERNAL  # results are lost
    if recording and watcher.stopped and not lines.unread:
        return ExitCode.INTERRUPTED
    if recording and summary.counts.unreadable:
        return ExitCode.USAGE
    return ExitCode.FLAGGED if summary.flagged else ExitCode.OK


def _deliver(watcher: Watcher, lines: Lines, outlets: Sequence[Outlet]) -> Summary:
    """Give events to the ways out; single frames only to standard output, and the summary there last of all."""
    summary: Summary | None = None
    for outlet in (lines, *outlets):
        outlet.start()
    systemd.notify("READY=1")
    try:
        for message in watcher:
            if isinstance(message, Summary):
                summary = message
            else:
                lines.put(message)
            if isinstance(message, Summary) or message.kind is not Kind.FRAME:
                for outlet in outlets:
                    outlet.put(message)
    finally:
        systemd.notify("STOPPING=1")
        _close(outlets)
        if summary is not None:
            summary = dataclasses.replace(summary, ways_out={outlet.name: outlet.counts() for outlet in outlets})
            lines.put(summary)
        lines.close()
    assert summary is not None  # a watch that raises nothing ends with one
    return summary


def _close(outlets: Sequence[Outlet]) -> None:
    """Close all at once: each may take its time, and a service manager gives them one for all."""
    threads = [threading.Thread(target=outlet.close, name=f"{outlet.name}-ending", daemon=True) for outlet in outlets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _say(text: str) -> None:
    """A line on standard error, with the program's name."""
    say(f"edge-detect: {text}")
