"""The conformance guest of the Python SDK: carries out what each record says. See ../README.md."""

import re
import struct
from collections.abc import Callable
from enum import Enum
from typing import Any

import millstream
from millstream import Emission, Emitter, Fields, Permanent, Record, Reject, Tables, Transient, field, log, lookup, transform


class Out(Enum):
    A = "a"
    B = "b"
    C = "c"


class Counter(Enum):
    SEEN = "seen"
    ASKED = "asked"


class Row(Fields):
    do: str | None = field("/do")
    text: str | None = field("/text")
    integer: int | None = field("/integer")
    number: float | None = field("/number")
    boolean: bool | None = field("/boolean")
    raw: bytes | None = field("/raw")
    lenient: int | None = field("/lenient", lenient=True)
    key: str | None = field(part="key", lenient=True)
    header: str | None = field(header="h", lenient=True)
    by_key: bytes | None = lookup("users")
    name: str | None = lookup("users", "/name", by="text", lenient=True)
    by_number: bytes | None = lookup("names", by="integer")


class Settings(millstream.Settings):
    greeting: str = "hello"
    limit: int = 7
    strict: bool = False


LOG: dict[str, Callable[[str], None]] = {"debug": log.debug, "info": log.info, "warn": log.warn, "error": log.error}


def word(text: str) -> bytes | None:
    """What a word stands for; `~` is null."""
    if text == "~":
        return None
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), text.encode())


def line_of(text: str) -> str:
    """A word where there is no null."""
    return (word(text) or b"").decode() if text != "~" else text


@transform(outputs=Out, counters=Counter, tables=["users", "names"], reads=["keys", "values", "headers", "timestamps", "offsets"])
def interpret(row: Row, record: Record, out: Emitter[Out], settings: Settings, tables: Tables) -> None:
    if record.value is None:
        out.forward(Out.A)
        return
    if row.do is None:
        raise Reject("no-program", "the record says nothing")
    for line in row.do.split("\n"):
        match line.split(" "):
            case ["forward", output]:
                out.forward(Out(output))
            case ["emit", output, *changes]:
                change(out.emit(Out(output)), changes)
            case ["drop"]:
                out.drop()
            case ["reject", code, *reason]:
                raise Reject(line_of(code), line_of(" ".join(reason)))
            case ["fail", "transient", *reason]:
                raise Transient(line_of(" ".join(reason)))
            case ["fail", "permanent", *reason]:
                raise Permanent(line_of(" ".join(reason)))
            case ["count", counter, by]:
                out.count(Counter(counter), int(by))
            case ["log", level, *text]:
                LOG[level](line_of(" ".join(text)))
            case ["get", table, key]:
                out.emit(Out.A).value(tables.get(table, word(key)))
            case ["show", *what]:
                out.emit(Out.A).value(shown(what, row, record, settings))
            case [first, *_]:
                raise Reject("unknown-instruction", first)


def change(emission: Emission, changes: list[str]) -> None:
    """Carries out the changes of `emit`."""
    replaced: list[tuple[str, bytes | None]] | None = None
    for one in changes:
        name, _, value = one.partition("=")
        what, _, header = name.partition(":")
        match what:
            case "key":
                emission.key(word(value))
            case "value":
                emission.value(word(value))
            case "headers":
                replaced = []
            case "set":
                replaced = [*(replaced or []), (line_of(header), word(value))]
            case "add":
                emission.header(line_of(header), word(value))
            case "timestamp":
                emission.timestamp(int(value))
            case "partition":
                emission.partition(int(value))
            case _:
                raise Reject("unknown-instruction", one)
    if replaced is not None:
        emission.headers(replaced)


def shown(what: list[str], row: Row, record: Record, settings: Settings) -> bytes | str | None:
    """What `show` is asked for."""
    match what:
        case ["key"]:
            return record.key
        case ["value"]:
            return record.value
        case ["timestamp"]:
            return str(record.timestamp)
        case ["offset"]:
            return str(record.offset)
        case ["partition"]:
            return str(record.partition)
        case ["topic"]:
            return record.topic
        case ["headers"]:
            return "\n".join(f"{header.name}={escaped(header.value)}" for header in record.headers)
        case ["last", name]:
            return record.header(line_of(name))
        case ["field" | "lookup", name]:
            return text_of(getattr(row, name.replace("-", "_")))
        case ["setting", name]:
            return text_of(getattr(settings, name))
        case _:
            raise Reject("unknown-instruction", "show")


def text_of(value: Any) -> bytes | str | None:
    """A field, a lookup or a setting."""
    match value:
        case None | bytes() | str():
            return value
        case bool():
            return str(value).lower()
        case float():
            return struct.pack(">d", value).hex()
        case _:
            return str(value)


def escaped(value: bytes | None) -> str:
    """A value of a header as a word."""
    if value is None:
        return "~"
    return re.sub(rb"[^A-Za-z0-9._-]", lambda match: f"%{match[0][0]:02X}".encode(), value).decode()
