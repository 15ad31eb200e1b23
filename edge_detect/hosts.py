"""Names under which this machine is asked for, by which a web page elsewhere that points here is told apart."""

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def without_port(host: str) -> str:
    """The name in a Host header, in lower case; an IPv6 address keeps its brackets."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() else host.lower()
