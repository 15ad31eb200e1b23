"""Tables in documents, between marker comments, so that no figure is ever typed in by hand."""

import re
from pathlib import Path

from edge_detect.card import read_packed
from edge_detect.errors import UsageError
from edge_detect.writable import write_whole


def byline(*models: Path) -> str:
    """Whose figures follow: a sentence with the name, version and precision of each packed file."""
    cards = [read_packed(model)[1] for model in models]
    return f"By {' and '.join(f'{card.name} {card.version}, {card.precision}' for card in cards)}."


def check_markers(path: Path, *names: str) -> None:
    """Raise UsageError when a file is no text or lacks `<!-- name -->` or `<!-- /name -->`, where figures go."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is no text in UTF-8: save it as such") from error
    for name in names:
        if len(re.findall(f"<!-- {name} -->.*?<!-- /{name} -->", text, re.DOTALL)) != 1:
            raise UsageError(f"{path} must hold the markers <!-- {name} --> and <!-- /{name} --> once")


def replace_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between `<!-- name -->` and `<!-- /name -->` in a file; raises UsageError without them."""
    check_markers(path, name)
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = path.read_text(encoding="utf-8")
    new = re.sub(f"{start}.*?{end}", lambda _: f"{start}\n{text}\n{end}", old, flags=re.DOTALL)
    write_whole(path.resolve(), new.encode())
