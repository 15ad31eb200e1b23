"""Names under which this machine is asked for, by which a web page elsewhere that points here is told apart."""

import re

LOOPBACK = "127.0.0.1"
"""The address that only this machine can reach."""
LOCAL_NAMES = frozenset({"localhost", LOOPBACK, "[::1]"})


def is_name(text: str) -> bool:
    """Whether a text is a host alone: without scheme, port or path."""
    return bool(re.fullmatch(r"[\w.-]+|\[[0-9a-fA-F:.]+\]", text))


def is_host(text: str) -> bool:
    """Whether a text can be asked for as a host: a name whose parts a name server could know, or an address."""
    try:
        text.encode("idna")
    except UnicodeError:
        return False
    return bool(text) and not re.search(r"[\s%]", text)


def is_origin(text: str) -> bool:
    """Whether a text is an origin as browsers send it: scheme and host, and a port that is not the scheme's own."""
    scheme, _, rest = text.partition("://")
    own_port = {"http": ":80", "https": ":443"}.get(scheme)
    return own_port is not None and not rest.endswith(own_port) and text == text.lower() and is_name(without_port(rest))


def without_port(host: str) -> str:
    """The name in a Host header, in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()
