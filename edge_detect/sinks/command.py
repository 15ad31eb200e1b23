"""Events for a program: each as JSON on the standard input of a run of it, without a shell."""

import contextlib
import json
import os
import shlex
import shutil
import signal
import subprocess

from edge_detect.errors import UsageError
from edge_detect.sinks.outlet import Message, Outlet

LIMIT = 30.0
"""Seconds that a run may take before it is ended."""


class Command(Outlet):
    """Runs a program once per event, one after the other."""

    name = "exec"
    local = True

    def __init__(self, command: str) -> None:
        """command: the program and its arguments, quoted as in a shell. Raises UsageError when there is no such one."""
        super().__init__()
        try:
            self._arguments = shlex.split(command)
        except ValueError as error:
            raise UsageError(f"--exec {command}: {error}") from error
        if not self._arguments or not shutil.which(self._arguments[0]):
            raise UsageError(
                f"--exec {command}: there is no such program; it is run without a shell, so name one that is in the "
                "PATH, or a script that is executable"
            )

    def deliver(self, message: Message) -> None:
        """Run the program. What it prints goes to standard error, where it is no result of ours.

        Raises RuntimeError when it fails, or takes longer than LIMIT: then it is ended, with all that it has started.
        """
        with subprocess.Popen(
            self._arguments,
            stdin=subprocess.PIPE,
            stdout=2,
            start_new_session=True,  # Ctrl-C is for the watch, which lets a run finish
        ) as process:
            try:
                process.communicate(json.dumps(message.to_dict()).encode() + b"\n", LIMIT)
            except subprocess.TimeoutExpired as error:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise RuntimeError(f"{self._arguments[0]} took longer than {LIMIT:g} s and was ended") from error
        if process.returncode:
            raise RuntimeError(f"{self._arguments[0]} ended with {process.returncode}")
