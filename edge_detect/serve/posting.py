"""A server in a process of its own, and many clients at once: for measuring and for tests."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_detect.serve.uploads import FIELD

_BOUNDARY = "edge-detect-boundary"


@dataclass(frozen=True)
class Form:
    """A form with one picture: its media type and its bytes."""

    kind: str
    body: bytes

    @classmethod
    def of(cls, picture: bytes, name: str = "picture") -> "Form":
        """The form that posts a picture's bytes."""
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{FIELD}"; filename="{name}"\r\n\r\n'
        body = head.encode() + picture + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return cls(f"multipart/form-data; boundary={_BOUNDARY}", body)


@dataclass(frozen=True)
class Answer:
    """The status of a response, and the milliseconds from before the connection to its last byte."""

    status: int
    latency: float


@dataclass(frozen=True)
class Running:
    """A server that runs."""

    port: int
    process: "subprocess.Popen[str]"

    @property
    def url(self) -> str:
        """Where it is asked for."""
        return f"http://127.0.0.1:{self.port}"

    def peak_memory(self) -> int:
        """The most memory that was in use, in bytes; Linux only."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return 1024 * int(re.findall(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)[0])


@contextmanager
def running(*options: str) -> Iterator[Running]:
    """`edge-detect serve` on a free port, until the end of the block. Raises OSError when it does not start."""
    command = [sys.executable, "-m", "edge_detect", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            said = ""
            while not (found := re.search(r"serving http://.*?:(\d+)/", said)):
                said = process.stderr.readline()
                if not said:
                    raise OSError(f"the server ended with {process.wait()}")
            yield Running(int(found.group(1)), process)
        finally:
            process.terminate()


def post_at_once(port: int, form: Form, count: int) -> list[Answer]:
    """Posts that all begin at the same time, each on a connection of its own."""
    lines = (
        "POST /v1/score HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {form.kind}",
        f"Content-Length: {len(form.body)}",
    )
    request = "\r\n".join((*lines, "", "")).encode() + form.body

    async def post() -> Answer:
        start = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        (length,) = re.findall(r"(?im)^content-length: (\d+)", head)
        await reader.readexactly(int(length))
        latency = time.perf_counter() - start
        writer.close()
        return Answer(int(head.split()[1]), 1000 * latency)

    async def everything() -> list[Answer]:
        return list(await asyncio.gather(*(post() for _ in range(count))))

    return asyncio.run(everything())
