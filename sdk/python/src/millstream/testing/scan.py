"""JSON as the host checks it: what RFC 8259 says, in UTF-8, nested at most 128 deep, and where each value stands in the text.

Python's own module says neither where a value stands nor, of a number, how it was written, and takes more than JSON; it decodes the
pieces that are found here."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

DEEPEST: Final = 128
_SPACE: Final = re.compile(rb"[ \t\n\r]*")
_NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN: Final = re.compile(rb'[^"\\\x00-\x1f]*')
_ESCAPE: Final = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_WORDS: Final = (b"true", b"false", b"null")


class Malformed(Exception):
    """The text is not JSON."""


@dataclass(slots=True)
class Found:
    """A value in a text; `inner` are the values of an object's members or of an array's elements."""

    raw: bytes
    at: int
    inner: dict[str, "Found"] | list["Found"] | None = None

    def child(self, token: str) -> "Found | None":
        """What a token of a JSON Pointer leads to."""
        if isinstance(self.inner, dict):
            return self.inner.get(token)
        if isinstance(self.inner, list) and re.fullmatch("0|[1-9][0-9]*", token) and int(token) < len(self.inner):
            return self.inner[int(token)]
        return None

    def text(self) -> str | None:
        """The text of a string; None where an escape is no character."""
        if self.raw[:1] != b'"':
            return None
        text: str = json.loads(self.raw.decode())
        try:
            text.encode()
        except UnicodeEncodeError:
            return None
        return text

    def integer(self) -> int | None:
        """A number written as an integer that fits 64 bits."""
        if not re.fullmatch(rb"-?[0-9]{1,19}", self.raw):
            return None
        number = int(self.raw)
        return number if -(2**63) <= number < 2**63 else None

    def number(self) -> float | None:
        """The closest floating-point number; None for one that is too large."""
        if self.raw[:1] not in b"-0123456789":
            return None
        number = float(self.raw)
        return number if math.isfinite(number) else None

    def boolean(self) -> bool | None:
        """`true` or `false`."""
        return {b"true": True, b"false": False}.get(self.raw)


def scan(text: bytes) -> Found:
    """All of `text` as one value; Malformed says what is wrong and at which byte."""
    scanner = _Scanner(text)
    found = scanner.value(scanner.space(0), 0)
    end = scanner.space(found.at + len(found.raw))
    if end != len(text):
        raise Malformed(f"trailing characters at byte {end}")
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"invalid UTF-8 at byte {error.start}") from None
    return found


class _Scanner:
    def __init__(self, text: bytes) -> None:
        self.text = text

    def wrong(self, what: str, at: int) -> Malformed:
        return Malformed(f"{'unexpected end' if at >= len(self.text) else what} at byte {at}")

    def space(self, at: int) -> int:
        return self.matched(_SPACE, at)

    def matched(self, pattern: re.Pattern[bytes], at: int) -> int:
        match = pattern.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> Found:
        first = self.text[at : at + 1]
        inner: dict[str, Found] | list[Found] | None = None
        if first == b'"':
            end = self.string(at)
        elif first == b"{":
            inner = {}
            end = self.members(inner, at, depth)
        elif first == b"[":
            inner = []
            end = self.elements(inner, at, depth)
        else:
            end = self.plain(at)
        return Found(self.text[at:end], at, inner)

    def plain(self, at: int) -> int:
        for word in _WORDS:
            if self.text.startswith(word, at):
                return at + len(word)
        end = self.matched(_NUMBER, at)
        if end == at:
            raise self.wrong("expected a value", at)
        # A number that stops in its middle: `1.`, `1e`.
        if self.text[end : end + 1] in (b".", b"e", b"E"):
            raise self.wrong("expected a digit", end + 1)
        return end

    def string(self, at: int) -> int:
        at += 1
        while True:
            at = self.matched(_PLAIN, at)
            if self.text[at : at + 1] == b'"':
                return at + 1
            if self.text[at : at + 1] != b"\\":
                raise self.wrong("control character in a string", at)
            end = self.matched(_ESCAPE, at)
            if end == at:
                raise self.wrong("invalid escape", at + 1)
            at = end

    def enter(self, at: int, depth: int) -> int:
        if depth == DEEPEST:
            raise Malformed(f"nested too deeply at byte {at}")
        return self.space(at + 1)

    def members(self, inner: dict[str, Found], at: int, depth: int) -> int:
        at = self.enter(at, depth)
        if self.text[at : at + 1] == b"}":
            return at + 1
        while True:
            if self.text[at : at + 1] != b'"':
                raise self.wrong("expected a member's name", at)
            end = self.string(at)
            name: Any = json.loads(self.text[at:end].decode("utf-8", "replace"))
            at = self.space(end)
            if self.text[at : at + 1] != b":":
                raise self.wrong("expected `:`", at)
            found = self.value(self.space(at + 1), depth + 1)
            inner[name] = found
            at = self.space(found.at + len(found.raw))
            if self.text[at : at + 1] == b"}":
                return at + 1
            if self.text[at : at + 1] != b",":
                raise self.wrong("expected `,` or `}`", at)
            at = self.space(at + 1)

    def elements(self, inner: list[Found], at: int, depth: int) -> int:
        at = self.enter(at, depth)
        if self.text[at : at + 1] == b"]":
            return at + 1
        while True:
            found = self.value(at, depth + 1)
            inner.append(found)
            at = self.space(found.at + len(found.raw))
            if self.text[at : at + 1] == b"]":
                return at + 1
            if self.text[at : at + 1] != b",":
                raise self.wrong("expected `,` or `]`", at)
            at = self.space(at + 1)
