"""Takes declared fields out of records, as the host does: its rules are in `wit/README.md`."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .. import packing, wire
from .input import Sent
from .scan import Found, Malformed, scan

_KINDS = {
    "text": "a text",
    "integer": "an integer of 64 bits",
    "number": "a number",
    "boolean": "true or false",
    "raw": "a value",
}


class Refused(Exception):
    """A row that the transform is not to see."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


def tokens(pointer: str) -> list[str]:
    """A JSON Pointer, taken apart."""
    if not pointer:
        return []
    if not pointer.startswith("/"):
        raise ValueError(f"the field {pointer!r}: a JSON Pointer is empty or starts with `/`")
    if re.search("~(?![01])", pointer):
        raise ValueError(f"the field {pointer!r}: in a JSON Pointer `~` is written `~0`, and `/` within a name `~1`")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def row_of(fields: Sequence[wire.Field], record: Sent) -> list[Any]:
    """The fields of one record; Refused where it lacks one that is required, or where a part is not JSON."""
    parts: dict[str, Found | None] = {}
    for field in fields:
        if _is_json(field) and field.part not in parts:
            parts[field.part] = _json(field.part, record.value if field.part == "value" else record.key)
    return [_one(field, record, parts) for field in fields]


def _is_json(field: wire.Field) -> bool:
    """The whole of a key and a header are text as they stand; the whole of a value may be asked for as bytes."""
    if field.part == "header":
        return False
    return bool(field.path) or (field.part == "value" and field.kind != "raw")


def _json(part: str, text: bytes | None) -> Found | None:
    if text is None:
        return None
    try:
        return scan(text)
    except Malformed as error:
        raise Refused("malformed-json", f"the {part} is not JSON: {error}") from None


def _one(field: wire.Field, record: Sent, parts: Mapping[str, Found | None]) -> Any:
    at = ""
    if _is_json(field):
        found = parts[field.part]
        for token in tokens(field.path):
            found = found.child(token) if found else None
        there = found is not None and found.raw != b"null"
        value = _of_json(field.kind, found) if found and there else None
        at = f" (at byte {found.at})" if found else ""
    else:
        plain = {"value": record.value, "key": record.key}.get(field.part, None)
        if field.part == "header":
            plain = record.header(field.header)
        there = plain is not None
        value = _of_plain(field.kind, plain) if plain is not None else None
    if value is not None:
        return value
    if there and field.presence != "lenient":
        raise Refused("wrong-type", f"{_shown(field)} is not {_KINDS[field.kind]}{at}")
    # A value that is null says that its key is gone: it lacks nothing.
    excused = field.part == "value" and record.value is None
    if not there and field.presence == "required" and not excused:
        raise Refused("missing-field", f"{_shown(field)} is missing or null")
    return None


def _of_json(kind: wire.Kind, found: Found) -> Any:
    takers: dict[wire.Kind, Callable[[Found], Any]] = {
        "text": Found.text,
        "integer": Found.integer,
        "number": Found.number,
        "boolean": Found.boolean,
        "raw": lambda found: found.raw,
    }
    return takers[kind](found)


def _of_plain(kind: wire.Kind, data: bytes) -> Any:
    if kind == "raw":
        return data
    if kind == "text":
        try:
            return data.decode()
        except UnicodeDecodeError:
            return None
    # Numbers and booleans are written as in JSON, without anything around them.
    try:
        found = scan(data)
    except Malformed:
        return None
    return _of_json(kind, found) if found.raw == data and found.inner is None and data[:1] != b'"' else None


def _shown(field: wire.Field) -> str:
    if field.part == "header":
        return f"the header `{field.header}`"
    return f"`{field.path}` of the {field.part}" if field.path else f"the {field.part}"


def column(kind: wire.Kind, entries: Sequence[Any]) -> wire.FieldColumn:
    """A column of a field, as the host sends it."""
    nulls = packing.pack_bits([entry is None for entry in entries]) if None in entries else b""
    if kind == "text":
        return packing.pack_column([None if entry is None else entry.encode() for entry in entries])
    if kind == "raw":
        return packing.pack_column(entries)
    if kind == "integer":
        return wire.Numbers(packing.pack("q", [entry or 0 for entry in entries]), nulls)
    if kind == "number":
        return wire.Numbers(packing.pack_floats([entry or 0.0 for entry in entries]), nulls)
    return wire.Booleans(packing.pack_bits([bool(entry) for entry in entries]), nulls)
