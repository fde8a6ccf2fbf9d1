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
  private texts: TextColumn | undefined = undefined;

  /** @internal */
  constructor(wire: WireColumn) {
    this.data = wire.data;
    this.ends = u32s(wire.ends);
    this.nulls = wire.nulls;
  }

  /** How many entries there are. */
  get length(): number {
    return this.ends.length;
  }

  /** The entry of this row, a view of `data`; null where it is null. */
  get(row: number): Uint8Array | null {
    if (this.isNull(row)) return null;
    return this.data.subarray(row === 0 ? 0 : this.ends[row - 1], this.ends[row]);
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
    if (row >= this.ends.length) throw noRow(row, this.ends.length);
    return isSet(this.nulls, row);
  }
}

function noRow(row: number, rows: number): RangeError {
  return new RangeError(`there is no row ${row}: there are ${rows}, counted from 0`);
}

/** Text, row for row. */
export class TextColumn {
  private readonly data: Uint8Array;
  private readonly ends: Uint32Array;
  private readonly nulls: Uint8Array;
  /** All of the column, one character a byte. */
  private all: string | undefined = undefined;
  private ascii = true;

  /** @internal */
  constructor(column: { data: Uint8Array; ends: Uint32Array; nulls: Uint8Array }) {
    this.data = column.data;
    this.ends = column.ends;
    this.nulls = column.nulls;
  }

  /** How many entries there are. */
  get length(): number {
    return this.ends.length;
  }

  /** The text of this row; null where it is null. */
  get(row: number): string | null {
    if (this.nulls.length !== 0 && isSet(this.nulls, row)) return null;
    const ends = this.ends;
    if (row >= ends.length) throw noRow(row, ends.length);
    // One piece of native work for the column and a slice for each row: decoding row by row costs three times that.
    const all = this.all ?? this.decode();
    const start = row === 0 ? 0 : ends[row - 1];
    const text = all.slice(start, ends[row]);
    return this.ascii || isAscii(text) ? text : decodeText(this.data.subarray(start, ends[row]));
  }

  private decode(): string {
    this.ascii = areAscii(this.data);
    return (this.all = latin1(this.data));
  }
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
