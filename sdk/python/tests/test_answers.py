"""What is sent: nothing that need not be said."""

from collections.abc import Callable
from enum import Enum
from struct import pack
from unittest.mock import patch

import pytest

from millstream import Emitter, Record, Reject, Transient, transform, wire
from millstream.packing import pack_column


class Out(Enum):
    A = "a"
    B = "b"


class Counter(Enum):
    SEEN = "seen"


def answer(step: Callable[[int, Emitter[Out]], object], rows: int) -> wire.Output:
    @transform(outputs=Out, reads=())
    def each(record: Record, out: Emitter[Out]) -> None:
        step(record.row, out)

    batch = wire.Batch("t", 0, rows, None, None, None, None, None, [], [])
    running = each.start([])
    # Twice: nothing of the batch before may stay.
    running.apply(batch)
    return running.apply(batch)


def u32(*numbers: int) -> bytes:
    return pack(f"<{len(numbers)}I", *numbers)


def test_every_row_in_order_to_the_first_output_is_nothing_to_say() -> None:
    assert answer(lambda row, out: out.forward(Out.A), 3) == wire.Output()


def test_rows_are_left_out_where_the_others_are_rejected() -> None:
    def step(row: int, out: Emitter[Out]) -> None:
        if row == 1:
            raise Reject("bad", "why")
        out.forward(Out.A if row == 0 else Out.B)

    output = answer(step, 3)
    assert output.rows is None and output.outputs == b"\0\0\1\0"
    assert output.rejected == wire.Rejections(u32(1), pack_column([b"bad"]), pack_column([b"why"]))


def but_the_first(row: int, out: Emitter[Out]) -> None:
    if row:
        out.forward(Out.A)


def test_rows_are_said_where_one_is_dropped_or_comes_twice() -> None:
    assert answer(but_the_first, 3) == wire.Output(rows=u32(1, 2))

    def twice(row: int, out: Emitter[Out]) -> None:
        if row == 0:
            out.forward(Out.A)
            out.forward(Out.A)

    assert answer(twice, 2) == wire.Output(rows=u32(0, 0))
    assert answer(lambda row, out: None, 2) == wire.Output(rows=b"")


def test_positions_are_left_out_where_every_record_is_patched() -> None:
    output = answer(lambda row, out: out.emit(Out.A).value(str(row)).header("h", None), 2)
    assert output.rows is None
    assert output.values == wire.ColumnPatch(None, wire.Column(b"01", u32(1, 2), b""))
    assert output.added_headers == wire.HeadersPatch(
        None, wire.Headers(u32(1, 2), wire.Column(b"hh", u32(1, 2), b""), wire.Column(b"", u32(0, 0), b"\3"))
    )


def test_positions_count_emitted_records() -> None:
    def step(row: int, out: Emitter[Out]) -> None:
        if row == 0:
            return
        emission = out.emit(Out.A)
        if row == 2:
            emission.key(None).timestamp(7).partition(3).headers([])

    output = answer(step, 3)
    assert output.rows == u32(1, 2)
    assert output.keys == wire.ColumnPatch(u32(1), wire.Column(b"", u32(0), b"\1"))
    assert output.timestamps == wire.NumbersPatch(u32(1), pack("<q", 7))
    assert output.partitions == wire.NumbersPatch(u32(1), pack("<i", 3))
    assert output.headers == wire.HeadersPatch(u32(1), wire.Headers(u32(0), pack_column([]), pack_column([])))


def test_nulls_have_a_bit_an_entry_and_all_their_bytes() -> None:
    column = pack_column([None, *[b"x"] * 8])
    assert (column.data, column.nulls) == (b"x" * 8, b"\1\0")


def test_nothing_stays_of_a_batch_that_failed() -> None:
    fails = [True]

    @transform(outputs=Out, counters=Counter, reads=())
    def each(record: Record, out: Emitter[Out]) -> None:
        out.emit(Out.B).key("x")
        out.count(Counter.SEEN)
        if record.row == 1 and fails:
            raise Transient("later")

    batch = wire.Batch("t", 0, 2, None, None, None, None, None, [], [])
    running = each.start([])
    counted: list[tuple[int, int]] = []
    with patch("millstream.host.current") as host:
        host.count.side_effect = lambda counter, by: counted.append((counter, by))
        with pytest.raises(Transient):
            running.apply(batch)
        fails.clear()
        output = running.apply(batch)
    assert output == wire.Output(outputs=b"\1\0\1\0", keys=wire.ColumnPatch(None, pack_column([b"x", b"x"])))
    assert counted == [(0, 2)]
