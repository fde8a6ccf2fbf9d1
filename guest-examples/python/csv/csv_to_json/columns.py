"""What the fields of a line are, and how they are written as JSON."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .reading import Field


@dataclass(frozen=True, slots=True)
class Type:
    described: str
    # Texts that are JSON of this type as they stand; without it every text is one, and written as a string.
    pattern: re.Pattern[str] | None = None


TYPES: Final = {
    "text": Type("a text"),
    "integer": Type("an integer", re.compile(r"-?(0|[1-9][0-9]*)")),
    "number": Type("a number", re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")),
    "boolean": Type("a boolean", re.compile(r"true|false")),
}


class WrongType(ValueError):
    """A field is not of its column's type; the text says which one."""


@dataclass(frozen=True, slots=True)
class Column:
    """One of the fields that every line has."""

    name: str
    type: Type

    def member(self, field: Field) -> str:
        """The field as a member of a JSON object."""
        return f"{_quote(self.name)}:{self._value(field)}"

    def _value(self, field: Field) -> str:
        if field is None:
            return "null"
        if self.type.pattern is None:
            return _quote(field)
        if not self.type.pattern.fullmatch(field):
            raise WrongType(f'{self.name} is "{field}", not {self.type.described}')
        # A number stays as it is written: a float would lose digits.
        return field


def parse_columns(entries: Sequence[str]) -> list[Column]:
    """The columns that the setting names: `id:integer`, or `customer` for a text. ValueError says what is wrong with it."""
    if not entries:
        raise ValueError("setting `columns` names no column")
    columns: dict[str, Column] = {}
    for entry in entries:
        name, colon, kind = entry.partition(":")
        if not name:
            raise ValueError("setting `columns`: a column has no name")
        if name in columns:
            raise ValueError(f"setting `columns`: two columns are called `{name}`")
        column_type = TYPES.get(kind if colon else "text")
        if column_type is None:
            types = "text, integer, number or boolean"
            raise ValueError(f"setting `columns`: `{name}` is of the type `{kind}`, not {types}")
        columns[name] = Column(name, column_type)
    return list(columns.values())


def json_object(columns: Sequence[Column], fields: Sequence[Field]) -> str:
    """A line as JSON. There are as many fields as columns."""
    members = (column.member(field) for column, field in zip(columns, fields, strict=True))
    return "{" + ",".join(members) + "}"


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
