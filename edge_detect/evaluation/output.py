"""Files that an evaluation writes: looked at before the pictures are, so that no long work ends in an error."""

from collections.abc import Iterable
from pathlib import Path

from edge_detect.errors import UsageError
from edge_detect.manifest import Sample
from edge_detect.sinks import check_output


def check_outputs(outputs: Iterable[Path], samples: Iterable[Sample]) -> None:
    """Raise UsageError when a file could not be written, or would overwrite a picture."""
    pictures = [str(sample.path) for sample in samples]
    for output in outputs:
        if output.is_dir() or not output.parent.is_dir():
            raise UsageError(f"{output} cannot be written: name a file in a folder that is there")
        check_output(str(output), pictures)


def write(output: Path, text: str) -> None:
    """Write a text file. Raises UsageError when it cannot be written."""
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{output} cannot be written: {error.strerror}") from error
