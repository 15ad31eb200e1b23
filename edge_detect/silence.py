"""Keeping libraries quiet that print past Python's own streams."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_descriptors = threading.RLock()


@contextmanager
def silenced(*descriptors: int) -> Iterator[None]:
    """Within, what is written to these file descriptors (1 is stdout, 2 stderr) goes nowhere; errors are raised."""
    with _descriptors:
        saved = [(descriptor, os.dup(descriptor)) for descriptor in descriptors]
        sink = os.open(os.devnull, os.O_WRONLY)
        try:
            for descriptor in descriptors:
                os.dup2(sink, descriptor)
            yield
        finally:
            for descriptor, copy in saved:
                os.dup2(copy, descriptor)
                os.close(copy)
            os.close(sink)
