"""An OpenAPI description as a page that loads nothing."""

from html import escape
from typing import Any

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>{title}</title>
<h1>{title} {version}</h1><p>{about}</p>
<p>For programs, the same as <a href="/openapi.json">OpenAPI description</a>. A server with a token
wants it in the header <code>Authorization: Bearer TOKEN</code>, except for what is marked otherwise.</p>
{operations}</html>
"""


def as_html(description: dict[str, Any]) -> str:
    """The operations of an OpenAPI description, and what they answer."""
    operations = [
        _operation(method, path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    info = {key: escape(description["info"][key]) for key in ("title", "version")}
    return _PAGE.format(**info, about=escape(description["info"]["description"]), operations="\n".join(operations))


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    bodies = operation.get("requestBody", {}).get("content", {})
    takes = "".join(
        f"<p>Takes <code>{escape(kind)}</code> with {', '.join(map(_field, body['schema']['properties']))}.</p>"
        for kind, body in bodies.items()
    )
    answers = "".join(
        f"<tr><td>{escape(status)}<td>{escape(answer['description'])}"
        f"<td>{', '.join(map(_kind, answer.get('content', {}).items()))}"
        for status, answer in sorted(operation["responses"].items())
    )
    return (
        f"<h2>{escape(operation['summary'])}</h2><p><code>{method.upper()} {escape(path)}</code>"
        f"{'' if '401' in operation['responses'] else ' (without a token)'}</p>"
        f"<p>{escape(operation.get('description', ''))}</p>{takes}"
        f"<table><tr><th>status<th>meaning<th>content{answers}</table>"
    )


def _field(name: str) -> str:
    return f"the field <code>{escape(name)}</code>"


def _kind(content: tuple[str, dict[str, Any]]) -> str:
    """A media type, and the name of its schema."""
    kind, body = content
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return f"<code>{escape(kind)}</code>" + (f" ({escape(name)})" if name else "")
