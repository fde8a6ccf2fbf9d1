"""What a function's parameters say about the transform that it is to become."""

import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .batch import Batch
from .emitter import Emitter
from .fields import Fields
from .plan import Plan
from .record import Record
from .settings import Settings
from .tables import Tables

_HELP = (
    "a transform takes an Emitter and a class of Fields, a Record or both, or a Batch and a Plan; besides perhaps a class of "
    "Settings, and Tables"
)


@dataclass(slots=True)
class Signature:
    """`arguments` are the parameters in their order, by what they are."""

    arguments: list[str] = field(default_factory=list)
    fields: type[Fields] | None = None
    settings: type[Settings] | None = None

    @property
    def columns(self) -> bool:
        """Whether it takes whole batches."""
        return "batch" in self.arguments

    @property
    def record(self) -> bool:
        """Whether it takes a record."""
        return "record" in self.arguments


def signature_of(
    function: Callable[..., object], fields: type[Fields] | None, outputs: type[Enum], scope: dict[str, Any]
) -> Signature:
    """The signature of a function; TypeError where it cannot be a transform."""
    name = function.__name__
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"{name}: a transform is a plain function, neither async nor a generator")
    hints = typing.get_type_hints(function, localns=scope)
    found = Signature(fields=fields)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise TypeError(f"{name}: the parameter {parameter.name!r} cannot be given by its place; {_HELP}")
        hint = hints.get(parameter.name)
        what = _what(hint, found, outputs)
        if what is None:
            shown = "has no type" if hint is None else f"is of type {hint}"
            raise TypeError(f"{name}: the parameter {parameter.name!r} {shown}; {_HELP}")
        if what in found.arguments:
            raise TypeError(f"{name}: two parameters are {what}; {_HELP}")
        found.arguments.append(what)
    _check(name, found)
    return found


def _what(hint: Any, found: Signature, outputs: type[Enum]) -> str | None:
    plain = typing.get_origin(hint) or hint
    if plain in (Emitter, Plan):
        for argument in typing.get_args(hint):
            if isinstance(argument, type) and argument is not outputs:
                raise TypeError(f"it emits to {argument.__name__}, but its outputs are {outputs.__name__}: name the same")
        return "out" if plain is Emitter else "plan"
    others: dict[Any, str] = {Record: "record", Batch: "batch", Tables: "tables"}
    if plain in others:
        return others[plain]
    if isinstance(plain, type) and issubclass(plain, Settings):
        found.settings = plain
        return "settings"
    if isinstance(plain, type) and issubclass(plain, Fields):
        found.fields = plain
        return "event"
    return None


def _check(name: str, found: Signature) -> None:
    has = set(found.arguments)
    by_record = "out" in has and has & {"event", "record"} and not has & {"batch", "plan"}
    by_batch = {"batch", "plan"} <= has and not has & {"out", "event", "record"}
    if not (by_record or by_batch):
        raise TypeError(f"{name}({', '.join(found.arguments)}) is no transform: {_HELP}")
    if by_record and found.fields is not None and "event" not in has:
        raise TypeError(f"{name}: fields={found.fields.__name__} is not among its parameters")
