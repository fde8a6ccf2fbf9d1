"""The contract's types (``wit/transform.wit``), as plain Python. A component hands these to the host as they are, attribute for
attribute, and tests read them; numbers are little-endian bytes end to end, as the contract explains."""

from dataclasses import dataclass, field
from typing import Literal

Part = Literal["value", "key", "header"]
Kind = Literal["text", "integer", "number", "boolean", "raw"]
Presence = Literal["required", "nullable", "lenient"]
Reads = Literal["keys", "values", "headers", "timestamps", "offsets"]


@dataclass(slots=True)
class Column:
    """Byte strings end to end; `nulls` is empty where none is null."""

    data: bytes
    ends: bytes
    nulls: bytes


@dataclass(slots=True)
class Headers:
    """Header lists: those of row i are the entries `ends[i-1]` to `ends[i]`."""

    ends: bytes
    names: Column
    values: Column


@dataclass(slots=True)
class Numbers:
    """64-bit integers or floats."""

    numbers: bytes
    nulls: bytes


@dataclass(slots=True)
class Booleans:
    """Bit sets."""

    trues: bytes
    nulls: bytes


FieldColumn = Column | Numbers | Booleans


@dataclass(slots=True)
class Batch:
    """What `apply` gets. A column of fields is here what the contract's variant holds."""

    topic: str
    partition: int
    count: int
    offsets: bytes | None
    timestamps: bytes | None
    keys: Column | None
    values: Column | None
    headers: Headers | None
    fields: list[FieldColumn]
    lookups: list[FieldColumn]


@dataclass(slots=True)
class ColumnPatch:
    """New contents for the emitted records at these positions, or for all of them."""

    at: bytes | None
    to: Column


@dataclass(slots=True)
class HeadersPatch:
    """New or added headers."""

    at: bytes | None
    to: Headers


@dataclass(slots=True)
class NumbersPatch:
    """New timestamps (64 bits) or partitions (32 bits)."""

    at: bytes | None
    to: bytes


@dataclass(slots=True)
class Rejections:
    """Rows that cannot be processed, ascending."""

    rows: bytes
    codes: Column
    reasons: Column


@dataclass(slots=True)
class Output:
    """What `apply` answers."""

    rows: bytes | None = None
    outputs: bytes | None = None
    keys: ColumnPatch | None = None
    values: ColumnPatch | None = None
    headers: HeadersPatch | None = None
    added_headers: HeadersPatch | None = None
    timestamps: NumbersPatch | None = None
    partitions: NumbersPatch | None = None
    rejected: Rejections | None = None


@dataclass(slots=True, frozen=True)
class Field:
    """A field that the host takes out of each record. `header` is the name where `part` is a header."""

    part: Part
    path: str
    kind: Kind
    presence: Presence
    header: str = ""


@dataclass(slots=True, frozen=True)
class Lookup:
    """A value from a table that the host joins to each record. `key` is an index into `Description.fields`; None is the
    record's key. Without `field` it is all of the table's value."""

    table: int
    key: int | None
    field: Field | None


@dataclass(slots=True)
class Description:
    """What `configure` answers."""

    reads: frozenset[Reads]
    outputs: list[str]
    fields: list[Field] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    counters: list[str] = field(default_factory=list)
