/** Columns of a batch, looked at where they lie: nothing is copied or decoded before it is asked for. */

import { NONE, areAscii, f64s, isSet, s64s, u32s } from "./bytes.js";
import type { WireColumn, WireFieldColumn, WireHeaders } from "./contract.js";
import { decodeText, isAscii, latin1 } from "./utf8.js";

/** A header: its name, and its value or null. Names may repeat. */
export type Header = readonly [name: string, value: Uint8Array | null];

/** Byte strings end to end, row for row: keys, values, or what a table had. */
export class Column {
  /** The bytes of all entries, end to end. */
  readonly data: Uint8Array;
  /** Where each entry ends; it starts where the one before it ended. */
  readonly ends: Uint32Array;
  /** @internal */
  readonly nulls: Uint8Array;
  /** How many entries there are. Kept: asking a typed array for its length costs QuickJS more than twice a property. */
  readonly length: number;
  private readonly someNull: boolean;
  private texts: TextColumn | undefined = undefined;

  /** @internal */
  constructor(wire: WireColumn) {
    this.data = wire.data;
    this.ends = u32s(wire.ends);
    this.nulls = wire.nulls;
    this.length = this.ends.length;
    this.someNull = wire.nulls.length !== 0;
  }

  /** The entry of this row, a view of `data`; null where it is null. */
  get(row: number): Uint8Array | null {
    const { ends } = this;
    if (row >= this.length) throw noRow(row, this.length);
    if (this.someNull && isSet(this.nulls, row)) return null;
    return this.data.subarray(row === 0 ? 0 : ends[row - 1], ends[row]);
  }

  /**
   * The entry of this row as text; null where it is null.
   *
   * @throws Error where it is not UTF-8.
   */
  text(row: number): string | null {
    return (this.texts ??= new TextColumn(this)).get(row);
  }

  /** Whether the entry of this row is null. */
  isNull(row: number): boolean {
    if (row >= this.length) throw noRow(row, this.length);
    return this.someNull && isSet(this.nulls, row);
  }
}

function noRow(row: number, rows: number): RangeError {
  return new RangeError(`there is no row ${row}: there are ${rows}, counted from 0`);
}

/** Text, row for row. */
export class TextColumn {
  /** How many entries there are. */
  readonly length: number;
  private readonly column: Column;
  /** @internal Where each entry starts, and where the last one ends: spares every row asking whether it is the first. */
  starts: Uint32Array | undefined = undefined;
  /** @internal All of the column, one character a byte. */
  all = "";
  /** @internal Whether `all` is there, its characters are those of the text, and no entry is null. */
  plain = false;
  private ascii = false;

  /** @internal */
  constructor(column: Column) {
    this.column = column;
    this.length = column.length;
  }

  /** The text of this row; null where it is null. */
  get(row: number): string | null {
    // Where all of the column is plain text this is asked once: `decode` puts a shorter way in its place.
    if (this.column.isNull(row)) return null;
    const starts = this.starts ?? this.decode();
    const text = this.all.slice(starts[row], starts[row + 1]);
    return this.ascii || isAscii(text) ? text : decodeText(this.column.data.subarray(starts[row], starts[row + 1]));
  }

  /** One piece of native work for the column and a slice for each row: decoding row by row costs three times that. */
  private decode(): Uint32Array {
    const { data, ends, nulls } = this.column;
    const starts = new Uint32Array(this.length + 1);
    starts.set(ends, 1);
    this.all = latin1(data);
    this.ascii = areAscii(data);
    this.plain = this.ascii && nulls.length === 0;
    if (this.plain) this.get = slicer(this.all, starts, this.length);
    return (this.starts = starts);
  }
}

/** {@link TextColumn.get} of plain text. Parameters around a function: QuickJS reads them in a quarter of a property's time. */
function slicer(all: string, starts: Uint32Array, length: number): (row: number) => string {
  return (row) => {
    if (row >= length) throw noRow(row, length);
    return all.slice(starts[row], starts[row + 1]);
  };
}

/** Integers of 64 bits, row for row. */
export class IntegerColumn {
  /** The numbers, 0 where null. */
  readonly numbers: BigInt64Array;
  private readonly nulls: Uint8Array;

  /** @internal */
  constructor(numbers: Uint8Array, nulls: Uint8Array) {
    this.numbers = s64s(numbers);
    this.nulls = nulls;
  }

  /** How many entries there are. */
  get length(): number {
    return this.numbers.length;
  }

  /** The integer of this row; null where it is null. */
  get(row: number): bigint | null {
    if (row >= this.numbers.length) throw noRow(row, this.numbers.length);
    return isSet(this.nulls, row) ? null : this.numbers[row];
  }
}

/** Floating-point numbers, row for row. */
export class NumberColumn {
  /** The numbers, 0 where null. */
  readonly numbers: Float64Array;
  private readonly nulls: Uint8Array;

  /** @internal */
  constructor(numbers: Uint8Array, nulls: Uint8Array) {
    this.numbers = f64s(numbers);
    this.nulls = nulls;
  }

  /** How many entries there are. */
  get length(): number {
    return this.numbers.length;
  }

  /** The number of this row; null where it is null. */
  get(row: number): number | null {
    if (row >= this.numbers.length) throw noRow(row, this.numbers.length);
    return isSet(this.nulls, row) ? null : this.numbers[row];
  }
}

/** Truth values, row for row. */
export class BooleanColumn {
  /** How many entries there are. */
  readonly length: number;
  private readonly trues: Uint8Array;
  private readonly nulls: Uint8Array;

  /** @internal */
  constructor(trues: Uint8Array, nulls: Uint8Array, length: number) {
    this.trues = trues;
    this.nulls = nulls;
    this.length = length;
  }

  /** Whether this row's is true; null where it is null. */
  get(row: number): boolean | null {
    if (row >= this.length) throw noRow(row, this.length);
    return isSet(this.nulls, row) ? null : isSet(this.trues, row);
  }
}

/** The headers of all rows. */
export class HeaderColumns {
  private readonly ends: Uint32Array;
  private readonly names: TextColumn;
  private readonly values: Column;

  /** @internal */
  constructor(wire: WireHeaders) {
    this.ends = u32s(wire.ends);
    this.names = new TextColumn(new Column(wire.names));
    this.values = new Column(wire.values);
  }

  /** How many rows there are. */
  get length(): number {
    return this.ends.length;
  }

  /** The headers of this row, in their order. */
  get(row: number): Header[] {
    const headers: Header[] = [];
    for (let at = this.start(row); at < this.ends[row]; at++) {
      headers.push([this.names.get(at) as string, this.values.get(at)]);
    }
    return headers;
  }

  /** The value of this row's last header of this name; null where there is none, or where it is null. */
  last(row: number, name: string): Uint8Array | null {
    const start = this.start(row);
    for (let at = this.ends[row] - 1; at >= start; at--) {
      if (this.names.get(at) === name) return this.values.get(at);
    }
    return null;
  }

  private start(row: number): number {
    if (row >= this.ends.length) throw noRow(row, this.ends.length);
    return row === 0 ? 0 : this.ends[row - 1];
  }
}

/** The values of one field or lookup, row for row. */
export type FieldColumn = TextColumn | IntegerColumn | NumberColumn | BooleanColumn | Column;

/** A field's column; undefined where it is shorter than the batch. */
export function fieldColumn(wire: WireFieldColumn, rows: number): FieldColumn | undefined {
  let column: FieldColumn;
  switch (wire.tag) {
    case "text":
      column = new TextColumn(new Column(wire.val));
      break;
    case "raw":
      column = new Column(wire.val);
      break;
    case "integer":
      column = new IntegerColumn(wire.val.numbers, wire.val.nulls);
      break;
    case "number":
      column = new NumberColumn(wire.val.numbers, wire.val.nulls);
      break;
    case "boolean":
      if (wire.val.trues.length < (rows + 7) >> 3) return undefined;
      column = new BooleanColumn(wire.val.trues, wire.val.nulls, rows);
  }
  return column.length === rows ? column : undefined;
}

/** The null bits of a field's column. */
export function nullsOf(wire: WireFieldColumn | undefined): Uint8Array {
  return wire?.val.nulls ?? NONE;
}
