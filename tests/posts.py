"""Posts to the HTTP API, for its tests."""

import zoo

PATIENCE = 60


def post(client, *pictures, **options):
    """Post pictures, each (name, bytes) or bytes."""
    named = [picture if isinstance(picture, tuple) else ("picture", picture) for picture in pictures]
    return client.post("/v1/score", files=[("file", each) for each in named], **options)


def plain() -> bytes:
    return zoo.good()["plain.png"]
