"""Lines for the transform's log. The host limits lines, per line, per call and per second. What is printed becomes a line as well.

from millstream import log

log.info(f"{len(regions)} regions")
"""

from . import host


def debug(message: str) -> None:
    """A line for whoever looks for a bug."""
    host.current.log("debug", message)


def info(message: str) -> None:
    """A line for whoever wants to know."""
    host.current.log("info", message)


def warn(message: str) -> None:
    """A line that somebody should look at some time."""
    host.current.log("warn", message)


def error(message: str) -> None:
    """A line that somebody should look at."""
    host.current.log("error", message)
