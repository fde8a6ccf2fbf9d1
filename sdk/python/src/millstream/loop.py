"""The loop over the records of a batch, written out for one transform.

It is Python that is made when the transform is declared: which attributes are to be filled for each record is known then, and a loop
that fills them itself (``for row, event.kind, event.direction in zip(…)``) costs a third of one that calls a function for it. What
does not occur in a transform does not occur in its loop.
"""

from collections.abc import Callable, Sequence
from typing import Any

Loop = Callable[..., None]

_TEMPLATE = """\
def loop(function, rows, columns, event, record, out, settings, tables, draft, failed):
    pending = draft.pending
    take = pending.pop
    row_of = draft.rows.append
    output_of = draft.outputs.append
    for {targets} in {source}:
{row}        try:
            function({arguments})
        except Exception as error:
            failed(row, error)
            continue
        if pending:
            output_of(take())
            row_of(row)
            if pending:
                draft.settle(row)
"""


def write(arguments: Sequence[str], fields: Sequence[str], with_record: bool) -> str:
    """The text of the loop. `arguments` are what the function takes, by the names above; `fields` the attributes of `event`."""
    targets = ", ".join(["row", *(f"event.{field}" for field in fields)])
    return _TEMPLATE.format(
        targets=targets,
        source="zip(rows, *columns)" if fields else "rows",
        row="        record.row = row\n" if with_record else "",
        arguments=", ".join(arguments),
    )


def compiled(arguments: Sequence[str], fields: Sequence[str], with_record: bool) -> Loop:
    """The loop."""
    namespace: dict[str, Any] = {}
    exec(compile(write(arguments, fields, with_record), "<millstream loop>", "exec"), namespace)
    loop: Loop = namespace["loop"]
    return loop
