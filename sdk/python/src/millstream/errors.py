"""How a transform says that something is wrong: with one record, or with the whole batch."""

import functools
import re
from typing import Final

_REASON: Final = 1024
_CODE: Final = 64
_FITS: Final = re.compile(r"[a-z0-9-]{1,64}")


class Reject(Exception):
    """Raised about one record that cannot be processed: it goes where the deployment sends failures, and the rest of the
    batch goes on. What was emitted for the record is taken back.

    ``code`` is for machines: a-z, 0-9 and ``-``, at most 64 bytes; other characters become ``-``, and an empty code
    ``error``. ``reason`` is for people; what exceeds 1 KiB of UTF-8 is cut.

        raise Reject("impossible-age", f"nobody is {age} years old")
    """

    code: str
    reason: str

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = tidy(code)
        self.reason = cut(reason)

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


class Failure(Exception):
    """Fails the whole batch. Raise `Transient` or `Permanent`."""

    reason: str

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = sendable(reason)


class Transient(Failure):
    """The batch may succeed later: the host tries it again."""


class Permanent(Failure):
    """The batch never will succeed: the host looks for the records that are to blame, as after a crash."""


class Refused(ValueError):
    """The settings are wrong: the deployment is refused with this text, which names every wrong setting."""


@functools.lru_cache(maxsize=256)
def tidy(code: str) -> str:
    """The contract's alphabet and length: a code outside of them would fail the whole batch."""
    if _FITS.fullmatch(code):
        return code
    return re.sub(r"[^a-z0-9-]", "-", _lower(code[:_CODE])) or "error"


def _lower(text: str) -> str:
    # `str.lower` makes two characters of one outside of ASCII, and the code too long.
    return "".join(c.lower() if c.isascii() else "-" for c in text)


def cut(text: str, most: int = _REASON) -> str:
    """At most so many bytes of UTF-8, cut between two characters; `sendable` as well."""
    if text.isascii():
        return text[:most]
    encoded = text[:most].encode("utf-8", "backslashreplace")
    return encoded[:most].decode("utf-8", "ignore")


def sendable(text: str) -> str:
    """A text that the host accepts: what is no character (a lone surrogate) is written as its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def describe(error: BaseException) -> str:
    """An exception in one line: its type, and its text if it has one; `sendable`."""
    text = str(error)
    name = type(error).__name__
    return sendable(f"{name}: {text}" if text else name)
