"""The loop over the records of a batch, written out for one transform.

It is Python that is made when the transform is declared: which attributes are to be filled for each record is known then, and filling
them in the loop itself costs a fraction of a function that is called for it. Texts are cut out of their column where they are needed,
one slice each, because a list of them would be built only to be read once. What does not occur in a transform does not occur in its
loop.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, compress, repeat
from typing import Any

from .fields import Declared
from .packing import row_numbers
from .parts import FieldColumns

Loop = Callable[..., None]

_CUT = ("text", "raw")

_TEMPLATE = """\
def loop(function, columns, whole, event, record, out, settings, tables, rows, outputs, emitted, several, failed):
{begin}    take = emitted.pop
    for {targets} in zip(*columns):
{fill}        try:
            function({arguments})
        except Exception as error:
            failed(row, error)
            continue
        if emitted:
            rows.append(row)
            outputs.append(take())
            if emitted:
                several(row)
"""


def write(arguments: Sequence[str], fields: Sequence[Declared], with_record: bool) -> str:
    """The text of the loop. `arguments` are what the function takes, by the names above; `fields` are attributes of `event`.

    It takes its columns as `columns_of` makes them: `columns` row by row, and in `whole` what texts are cut out of.
    """
    begin, targets, fill = [], ["row"], []
    for number, field in enumerate(fields):
        if field.kind not in _CUT:
            targets.append(f"event.{field.name}")
            continue
        begin += [f"whole{number} = whole[{number}]", f"start{number} = 0"]
        targets.append(f"end{number}")
        cut = f"whole{number}[start{number}:end{number}]"
        if field.may_be_null:
            targets.append(f"null{number}")
            cut = f"None if null{number} else {cut}"
        fill += [f"event.{field.name} = {cut}", f"start{number} = end{number}"]
    if with_record:
        fill.append("record.row = row")
    return _TEMPLATE.format(
        begin="".join(f"    {line}\n" for line in begin),
        targets=", ".join(targets) + ("," if len(targets) == 1 else ""),
        fill="".join(f"        {line}\n" for line in fill),
        arguments=", ".join(arguments),
    )


def compiled(text: str) -> Loop:
    """The loop that `write` wrote."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<millstream loop>", "exec"), namespace)
    loop: Loop = namespace["loop"]
    return loop


def columns_of(
    fields: Sequence[Declared], columns: FieldColumns, count: int, without: Sequence[int]
) -> tuple[list[Iterable[Any]], list[str | bytes | None]]:
    """What the loop goes through, but for the rows `without`."""
    kept: list[bool] = []
    if without:
        gone = set(without)
        kept = [row not in gone for row in range(count)]
    rows = row_numbers(count)
    through: list[Iterable[Any]] = [compress(rows, kept) if kept else rows]
    whole: list[str | bytes | None] = []
    for number, field in enumerate(fields):
        if field.kind not in _CUT:
            entries = columns.of(number)
            through.append(compress(entries, kept) if kept else entries)
            whole.append(None)
            continue
        if kept or not columns.is_plain(number):
            entries = columns.of(number)
            uncut, ends = _joined(field.kind, list(compress(entries, kept)) if kept else entries)
        else:
            uncut, ends = columns.uncut(number)
        whole.append(uncut)
        through.append(ends)
        if field.may_be_null:
            nulls = columns.nulls(number)
            through.append((compress(nulls, kept) if kept else nulls) if nulls else repeat(False))
    return through, whole


def _joined(kind: str, entries: Sequence[Any]) -> tuple[str | bytes, Iterable[int]]:
    """Entries end to end, in characters where they are text."""
    empty: Any = "" if kind == "text" else b""
    full = [empty if entry is None else entry for entry in entries]
    return empty.join(full), accumulate(map(len, full))
