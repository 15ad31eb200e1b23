"""Pictures out of a request's body, which is read only as far as the limits go, and into memory only."""

import logging
import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import anyio
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from edge_detect.serve.limits import BODY_SECONDS, FILES

FIELD = "file"
_FORM = "multipart/form-data"
_LONGEST_NAME = 255
logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # of a damaged form, the answer says so


@dataclass(frozen=True)
class Upload:
    """A file of a request: its name without folders, and its bytes."""

    name: str
    data: bytes


class _Parser(MultiPartParser):
    """A parser that knows whether the form's closing boundary came."""

    ended = False

    def on_end(self) -> None:
        self.ended = True


async def read_uploads(request: Request, max_bytes: int) -> list[Upload]:
    """The files of the field FIELD, in order.

    Raises HTTPException: 400 for a form that is damaged or has no end, 408 when it comes too slowly, 413 when it is
    larger than `max_bytes`, 415 when it is no form, 422 when it has no such file.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"send {_FORM} with the field {FIELD!r}, once for each picture")
    if (length := request.headers.get("content-length", "0")).isdecimal() and int(length) > max_bytes:
        raise _too_large(max_bytes)
    # Nothing of a picture is written to a disk: what may be sent at all fits into memory.
    parser = _Parser(request.headers, _bounded(request, max_bytes), max_files=FILES, max_fields=FILES)
    parser.spool_max_size = max_bytes + 1
    try:
        with anyio.fail_after(BODY_SECONDS):
            form = await parser.parse()
    except TimeoutError as error:
        raise HTTPException(408, f"the request did not arrive within {BODY_SECONDS:.0f} s") from error
    except ClientDisconnect as error:
        raise HTTPException(400, "the request ended before its end") from error
    except MultiPartException as error:
        raise HTTPException(400, f"the form cannot be read: {error.message}") from error
    if not parser.ended:
        raise HTTPException(400, "the form cannot be read: its closing boundary is missing")
    files = [value for value in form.getlist(FIELD) if isinstance(value, UploadFile)]
    if not files:
        raise HTTPException(422, f"the form has no file in the field {FIELD!r}")
    return [Upload(plain_name(file.filename), await file.read()) for file in files]


async def _bounded(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    """The body piece by piece. Raises HTTPException when it grows too large, whatever its head said."""
    total = 0
    async for piece in request.stream():
        total += len(piece)
        if total > max_bytes:
            raise _too_large(max_bytes)
        yield piece


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(413, f"the request is larger than {max_bytes} bytes; send fewer or smaller pictures")


def plain_name(name: str | None) -> str:
    """What a result calls a file: the last part of the name that the client gave it, printable; never a path."""
    last = re.split(r"[/\\]", name or "")[-1]
    printable = "".join(sign for sign in last if sign.isprintable())
    return printable[:_LONGEST_NAME] or "upload"
