"""What `@transform` makes of a function: its description for the host, and what runs over a batch."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, Generic, ParamSpec

from . import names, settings, wire
from .fields import Declared, Fields, declared
from .running import Running, prepare
from .signature import Signature, signature_of

P = ParamSpec("P")


class Transform(Generic[P]):
    """A function that became a transform. Called, it is the function itself; `millstream.testing` runs it over records."""

    function: Callable[P, None]
    signature: Signature
    declared: list[Declared]
    description: wire.Description

    def __init__(
        self,
        function: Callable[P, None],
        signature: Signature,
        outputs: type[Enum],
        counters: type[Enum] | None,
        tables: Iterable[str | Enum],
        reads: frozenset[wire.Reads],
        null_values: bool,
        scope: dict[str, Any],
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.signature = signature
        self.declared = declared(signature.fields, scope) if signature.fields else []
        if signature.settings:
            settings.known_settings(signature.settings, scope)
        table_names = names.tables(tables)
        for one in self.declared:
            if one.wanted.table is not None and one.wanted.table not in table_names:
                table_names.append(one.wanted.table)
        self.description = wire.Description(
            reads=reads,
            outputs=names.outputs(outputs),
            fields=[one.wire() for one in self.declared if not one.is_lookup],
            lookups=_lookups(self.declared, table_names),
            tables=table_names,
            counters=names.counters(counters),
        )
        self._make = prepare(function, signature, self.declared, self.description, null_values)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """The function itself, as if it were not a transform."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<transform {self.function.__name__}>"

    def start(self, given: Sequence[tuple[str, str]]) -> Running:
        """A new instance of it with these settings; `Refused` says what is wrong with them."""
        values = settings.read(self.signature.settings, given)
        return self._make(values)


def _lookups(declared_: list[Declared], tables: list[str]) -> list[wire.Lookup]:
    fields = [one for one in declared_ if not one.is_lookup]
    lookups = []
    for one in declared_:
        wanted = one.wanted
        if wanted.table is None:
            continue
        key = None
        if wanted.by:
            key = next((number for number, field in enumerate(fields) if field.name == wanted.by), None)
            if key is None:
                raise TypeError(f"{one.name}: by={wanted.by!r} is no field of this class")
            if fields[key].kind not in ("text", "integer", "raw"):
                raise TypeError(f"{one.name}: by={wanted.by!r} is of type {fields[key].kind}: a key is str, int or bytes")
        lookups.append(wire.Lookup(tables.index(wanted.table), key, one.wire() if wanted.path else None))
    return lookups


def transform(
    *,
    outputs: type[Enum],
    fields: type[Fields] | None = None,
    counters: type[Enum] | None = None,
    tables: Iterable[str | Enum] = (),
    reads: wire.Reads | Iterable[wire.Reads] | None = None,
    null_values: bool = False,
) -> Callable[[Callable[P, None]], Transform[P]]:
    """Makes a transform of a function. Its parameters say by their types what it wants to have, in any order:

    - an `Emitter`, and a class of `Fields`, a `Record`, or both: it is called for each record;
    - a `Batch` and a `Plan`: it is called for each batch (`fields` names the class of declared fields then);
    - a class of `Settings`, and `Tables`, in both.

    ``outputs``: an enumeration, each value the name of an output; the deployment says which topic each one is.
    ``counters``: an enumeration of counters. ``tables``: the names of tables that `Tables` is asked for.
    ``reads``: the parts of a record that are looked at: ``"keys"``, ``"values"``, ``"headers"``, ``"timestamps"``, ``"offsets"``.
    Unless said otherwise it is the values where there is a `Record` or a `Batch` without declared fields, else nothing: fields
    come without the part that they are in.
    ``null_values``: the transform wants to see records without a value although it requires fields of the value, which are None then.
    Such records are rejected as ``null-value`` otherwise.

    What the function raises about a record rejects it: a `Reject` with its code and reason, any other exception with the code
    ``error``. `Transient` and `Permanent` fail the batch, as do all exceptions of a function over batches.
    """
    frame = inspect.currentframe()
    # Types may be named that are local to where the transform is declared, as in tests.
    scope = dict(frame.f_back.f_locals) if frame and frame.f_back else {}

    def decorate(function: Callable[P, None]) -> Transform[P]:
        signature = signature_of(function, fields, outputs, scope)
        return Transform(function, signature, outputs, counters, tables, _reads(reads, signature), null_values, scope)

    return decorate


_READS = ("keys", "values", "headers", "timestamps", "offsets")


def _reads(reads: wire.Reads | Iterable[wire.Reads] | None, signature: Signature) -> frozenset[wire.Reads]:
    if reads is None:
        wants_values = signature.record or (signature.columns and signature.fields is None)
        return frozenset(("values",)) if wants_values else frozenset()
    parts: frozenset[Any] = frozenset((reads,)) if isinstance(reads, str) else frozenset(reads)
    for part in parts:
        if part not in _READS:
            raise TypeError(f"reads={part!r} is no part of a record: there are {', '.join(_READS)}")
    return parts
