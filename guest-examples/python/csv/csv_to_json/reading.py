"""CSV as RFC 4180 has it. Python's module csv is lenient, and does not tell an empty field from a quoted empty text."""

import re
from collections.abc import Iterator
from typing import Final

Field = str | None
"""A field of a line; None where it is empty and not quoted."""

_LINE_END: Final = re.compile(r"\r?\n")
# The closing quote is the first one that is not doubled, so there is nothing to go back for.
_QUOTED: Final = re.compile(r'"((?:[^"]|"")*+)"')


class Malformed(ValueError):
    """This is no CSV; the text says in which line, and why."""


def read_lines(text: str, delimiter: str) -> Iterator[tuple[int, list[Field]]]:
    """The lines that are not empty, with their numbers from 1. The delimiter is neither a quote nor part of a line end."""
    plain = re.compile(rf'[^"\n{re.escape(delimiter)}]*')
    at = 0
    number = 1
    while at < len(text):
        if empty := _LINE_END.match(text, at):
            at = empty.end()
            continue
        fields = []
        try:
            field, at = _read_field(text, at, delimiter, plain)
            fields.append(field)
            while text.startswith(delimiter, at):
                field, at = _read_field(text, at + 1, delimiter, plain)
                fields.append(field)
        except Malformed as error:
            raise Malformed(f"line {number}: {error}") from None
        yield number, fields
        number += 1
        # The last line may lack its end.
        if end := _LINE_END.match(text, at):
            at = end.end()


def _read_field(text: str, at: int, delimiter: str, plain: re.Pattern[str]) -> tuple[Field, int]:
    """The field that begins there, and where it ends."""
    if text.startswith('"', at):
        quoted = _QUOTED.match(text, at)
        if quoted is None:
            raise Malformed("a quote never ends")
        end = quoted.end()
        if end < len(text) and text[end] != delimiter and not _LINE_END.match(text, end):
            raise Malformed("something follows a closing quote")
        return quoted[1].replace('""', '"'), end
    found = plain.match(text, at)
    field, end = (found[0], found.end()) if found else ("", at)
    if text.startswith('"', end):
        raise Malformed("a quote is within a field that is not quoted")
    if text.startswith("\n", end):
        field = field.removesuffix("\r")
    return field or None, end
