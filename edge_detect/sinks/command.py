"""Events for a program: each as JSON on the standard input of a run of it, without a shell."""

import json
import shlex
import shutil
import subprocess

from edge_detect.errors import UsageError
from edge_detect.sinks.outlet import Message, Outlet

LIMIT = 30.0
"""Seconds that a run may take before it is ended."""


class Command(Outlet):
    """Runs a program once per event, one after the other."""

    name = "exec"

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
        """Run the program. What it prints goes to standard error, where it is no result of ours."""
        subprocess.run(
            self._arguments,
            input=json.dumps(message.to_dict()).encode() + b"\n",
            stdout=2,
            timeout=LIMIT,
            start_new_session=True,  # Ctrl-C is for the watch, which lets a run finish
            check=True,
        )
