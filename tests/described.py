"""Samples that are described in words, of pictures that need not be there."""

from pathlib import Path

from edge_detect.manifest import FAKE, REAL, Sample


def samples(*described: str) -> list[Sample]:
    """From words such as "real:source/method:group"."""
    found = []
    for number, words in enumerate(described):
        label, source, *group = words.split(":")
        name, _, method = source.partition("/")
        label_number = FAKE if label == "fake" else REAL
        found.append(
            Sample(Path(f"{number}.png"), label_number, name, method or "m", (group or [str(number)])[0], "test")
        )
    return found
