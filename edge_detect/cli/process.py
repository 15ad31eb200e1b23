"""How a process of ours runs its command line, and how it ends."""

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import typer

from edge_detect.errors import EdgeDetectError, ExitCode

_WRONG = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP}
"""Errors of a name that cannot be used, or not by this user."""


def end(code: ExitCode) -> NoReturn:
    """End the process at once: sys.exit would wait for its other threads, or cut them off badly."""
    sys.stderr.flush()
    os._exit(code)


def finish(run: Callable[[], object], program: str) -> None:
    """Run a command line; errors become one line on stderr, and one of the documented exit codes."""
    for name in ("stdin", "stdout", "stderr"):  # closed by the caller, as with `>&-`
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8")  # noqa: SIM115
            setattr(sys, name, nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")  # what is wrong with a picture stands in its result
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # nor of a stream, each time it is tried again
    os.environ.setdefault("OPENCV_FOR_THREADS_NUM", "1")  # pictures are scored in parallel instead
    try:
        run()
    except EdgeDetectError as error:
        typer.echo(f"{program}: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        wrong = error.filename is not None and error.errno in _WRONG
        typer.echo(f"{program}: {error.filename or 'the results cannot be written'}: {error.strerror}", err=True)
        sys.exit(ExitCode.USAGE if wrong else ExitCode.INTERNAL)
    except Exception as error:
        if os.environ.get("EDGE_DETECT_DEBUG"):
            raise
        typer.echo(
            f"{program}: internal error: {type(error).__name__}: {error}\n"
            "This is a bug; EDGE_DETECT_DEBUG=1 shows where it happened.",
            err=True,
        )
        sys.exit(ExitCode.INTERNAL)
