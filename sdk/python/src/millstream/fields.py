"""Fields that the host takes out of each record, so that the transform need not parse it.

    class Event(Fields):
        kind: str = field("/type")
        direction: str | None = field("/direction", lenient=True)

A type without ``None`` makes a field required: the host rejects records that lack it (``missing-field``, ``wrong-type``).
With ``| None`` it may be missing, and with ``lenient=True`` it may also be of another type; it is None then.
"""

import types
import typing
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, dataclass_transform

from . import wire
from .names import name_of

_KINDS: Final[dict[Any, wire.Kind]] = {str: "text", int: "integer", float: "number", bool: "boolean", bytes: "raw"}


@dataclass(slots=True, frozen=True)
class _Wanted:
    """What `field` and `lookup` leave in a class, until the class knows the attribute's name and type."""

    part: wire.Part
    path: str
    header: str
    lenient: bool
    required: bool | None
    table: str | None = None
    by: str | None = None


@dataclass(slots=True, frozen=True)
class Declared:
    """A declared field, or a lookup where `table` is one."""

    name: str
    kind: wire.Kind
    presence: wire.Presence
    wanted: _Wanted
    slot: Any
    """What the class has under this name."""

    @property
    def is_lookup(self) -> bool:
        """Whether it is looked up in a table."""
        return self.wanted.table is not None

    @property
    def may_be_null(self) -> bool:
        """Whether an entry can be null. A lookup's is where the table has no such key, whatever its presence is."""
        return self.is_lookup or self.presence != "required"

    @property
    def demands_value(self) -> bool:
        """Whether a record whose value is null cannot have it."""
        return not self.is_lookup and self.wanted.part == "value" and self.presence == "required"

    def wire(self) -> wire.Field:
        """As the contract has it."""
        wanted = self.wanted
        return wire.Field(wanted.part, wanted.path, self.kind, self.presence, wanted.header)


def field(
    path: str = "",
    *,
    part: Literal["value", "key"] = "value",
    header: str | None = None,
    lenient: bool = False,
    required: bool | None = None,
) -> Any:
    """Declares a field. Its type is the attribute's: ``str`` (text), ``int`` (64 bits), ``float``, ``bool``, or ``bytes`` (the
    JSON as it stands); perhaps ``| None``.

    - ``path`` is a JSON Pointer (RFC 6901) such as ``/user/id``; empty: the whole part.
    - ``part="key"`` looks in the record's key, ``header="trace"`` at the last header of that name.
    - ``lenient``: of another type counts as missing.
    - ``required`` says so where the type has ``| None`` all the same: with ``@transform(null_values=True)`` all fields of a
      value that is null are None.
    """
    if header is not None and (path or part != "value"):
        raise TypeError(f"header={header!r}: a header is text as it stands, leave out path and part")
    return _Wanted("header" if header is not None else part, path, header or "", lenient, required)


def lookup(table: str, path: str | None = None, *, by: str | None = None, lenient: bool = False, required: bool = False) -> Any:
    """Declares a value from a table that the host joins to each record; None where the table has no such key, so the type needs
    ``| None``.

    - ``by`` is the attribute of this class whose field is the key: a text, an integer or a raw one. The record's key without.
    - ``path`` leads into the table's value, which is JSON then; without, it is all of that value, as ``bytes``.
    - ``lenient`` and ``required`` are about what `path` leads to, as for `field`. A table's value that is not JSON rejects the record as
      ``malformed-json`` all the same.
    """
    return _Wanted("value", path or "", "", lenient, required, table=name_of(table), by=by if by is not None else "")


class _Slotted(type):
    """Makes a slot of each declared field: attributes of slots are the fastest to fill."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> "_Slotted":
        wanted = {key: value for key, value in namespace.items() if isinstance(value, _Wanted)}
        plain = {key: value for key, value in namespace.items() if key not in wanted}
        plain["__slots__"] = tuple(wanted)
        plain["_wanted"] = wanted
        return super().__new__(mcs, name, bases, plain)


@dataclass_transform(kw_only_default=True, field_specifiers=(field, lookup))
class Fields(metaclass=_Slotted):
    """Base of classes that declare fields; see `field` and `lookup`.

    A function that takes one gets the same object for every record, with other contents: keep its attributes where they are
    needed later, not the object. Tests can make one: ``Event(kind="swipe", direction=None)``.
    """

    _wanted: ClassVar[dict[str, _Wanted]]

    def __init__(self, **values: Any) -> None:
        for name in declared_names(type(self)):
            if name not in values:
                raise TypeError(f"{type(self).__name__}() lacks {name!r}")
            setattr(self, name, values.pop(name))
        if values:
            raise TypeError(f"{type(self).__name__}() has no {next(iter(values))!r}")

    def __repr__(self) -> str:
        values = (f"{name}={getattr(self, name, None)!r}" for name in declared_names(type(self)))
        return f"{type(self).__name__}({', '.join(values)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in declared_names(type(self)))

    __hash__ = None  # type: ignore[assignment]  # its contents change


def declared_names(cls: type[Fields]) -> list[str]:
    """The attributes of the declared fields, in order, those of base classes first."""
    return [name for base in reversed(cls.__mro__) for name in base.__dict__.get("_wanted", ())]


def declared(cls: type[Fields], names: dict[str, Any] | None = None) -> list[Declared]:
    """What a class declares. `names` are those that its types may use besides the module's."""
    hints = typing.get_type_hints(cls, localns=names)
    found = {}
    for base in reversed(cls.__mro__):
        found.update(base.__dict__.get("_wanted", {}))
    for name, hint in hints.items():
        if name not in found and typing.get_origin(hint) is not ClassVar:
            raise TypeError(f'{cls.__name__}.{name} is no field: write `{name}: … = field("/…")`')
    return [_declared(cls, name, hints.get(name), wanted) for name, wanted in found.items()]


def _declared(cls: type[Fields], name: str, hint: Any, wanted: _Wanted) -> Declared:
    plain, optional = unwrap_optional(hint)
    kind = _KINDS.get(plain)
    if kind is None:
        raise TypeError(
            f"{cls.__name__}.{name}: {_shown(hint)} is no type of a field: use str, int, float, bool or bytes, perhaps `| None`"
        )
    is_lookup = wanted.table is not None
    if wanted.lenient and not optional:
        raise TypeError(f"{cls.__name__}.{name}: a lenient field may be None: write `{plain.__name__} | None`")
    if is_lookup and not optional:
        raise TypeError(f"{cls.__name__}.{name}: the table may have no such key: write `{plain.__name__} | None`")
    if is_lookup and not wanted.path and kind != "raw":
        raise TypeError(f"{cls.__name__}.{name}: all of a table's value is bytes: write `bytes | None`, or give a path")
    required = wanted.required if wanted.required is not None else not optional
    if required and wanted.lenient:
        raise TypeError(f"{cls.__name__}.{name}: lenient and required exclude each other")
    presence: wire.Presence = "required" if required else "lenient" if wanted.lenient else "nullable"
    return Declared(name, kind, presence, wanted, getattr(cls, name))


def unwrap_optional(hint: Any) -> tuple[Any, bool]:
    """A type without its ``| None``, and whether it had one."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        others = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        if len(others) == 1 and len(typing.get_args(hint)) == 2:
            return others[0], True
    return hint, False


def _shown(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
