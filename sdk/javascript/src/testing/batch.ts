/** Batches of test records, as the host makes them. */

import { columnOf } from "../builder.js";
import { NONE, bytesOf } from "../bytes.js";
import type { FieldKind, Host, WireBatch, WireDescription, WireFieldColumn, WireHeaders } from "../contract.js";
import { encodeText } from "../utf8.js";
import { type Parts, Part, Refused, type Value, extract } from "./extract.js";
import type { Source } from "./input.js";

/** Tables of a test: for each the values by key, both as one character a byte. */
export type TestTables = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** A row that the transform does not see. */
export interface RefusedRow {
  readonly row: number;
  readonly code: string;
  readonly reason: string;
}

/** The batch, the rows that are in it, and those that are not. */
export interface TestBatch {
  readonly batch: WireBatch;
  readonly kept: readonly number[];
  readonly refused: readonly RefusedRow[];
}

/** Bytes as the key of a map. */
export function keyOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

interface Row {
  readonly fields: Value[];
  readonly lookups: Value[];
}

/** Makes a batch of what the description asks for. */
export function batchOf(
  sources: readonly Source[],
  description: WireDescription,
  tables: TestTables,
  topic: string,
  partition: number,
): TestBatch {
  const kept: number[] = [];
  const rows: Row[] = [];
  const refused: RefusedRow[] = [];
  sources.forEach((source, row) => {
    try {
      rows.push(rowOf(source, description, tables));
      kept.push(row);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ row, code: error.code, reason: error.reason });
    }
  });
  const shown = kept.map((row) => sources[row]);
  const { reads } = description;
  const longs = (numbers: bigint[]): Uint8Array => new Uint8Array(BigInt64Array.from(numbers).buffer);
  const batch: WireBatch = {
    topic,
    partition,
    count: shown.length,
    offsets: reads.offsets ? longs(shown.map((source) => source.offset)) : undefined,
    timestamps: reads.timestamps ? longs(shown.map((source) => source.timestamp)) : undefined,
    keys: reads.keys ? columnOf(shown.map((source) => source.key)) : undefined,
    values: reads.values ? columnOf(shown.map((source) => source.value)) : undefined,
    headers: reads.headers ? headers(shown) : undefined,
    fields: description.fields.map(({ kind }, i) =>
      fieldColumn(
        kind,
        rows.map((row) => row.fields[i]),
      ),
    ),
    lookups: description.lookups.map(({ field }, i) =>
      fieldColumn(
        field?.kind ?? "raw",
        rows.map((row) => row.lookups[i]),
      ),
    ),
  };
  return { batch, kept, refused };
}

function rowOf(source: Source, description: WireDescription, tables: TestTables): Row {
  const parts: Parts = {
    value: new Part("value", source.value),
    key: new Part("key", source.key),
    header: (name) => source.headers.findLast(([other]) => other === name)?.[1] ?? null,
  };
  const fields = description.fields.map((field) => extract(field, parts));
  const lookups = description.lookups.map(({ table, key, field }): Value => {
    const by = key.tag === "record-key" ? source.key : fields[key.val];
    const found = by === null ? undefined : tables.get(description.tables[table])?.get(keyOf(keyBytes(by)));
    if (found === undefined || field === undefined) return found ?? null;
    return takenFrom(description.tables[table], () => extract(field, { ...parts, value: new Part("value", found) }));
  });
  return { fields, lookups };
}

/** A rejection for what a table has names the table. */
function takenFrom(table: string, take: () => Value): Value {
  try {
    return take();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    throw new Refused(error.code, `looked up in the table \`${table}\`: ${error.reason}`);
  }
}

/** Integers are looked up in decimal. */
function keyBytes(key: Exclude<Value, null>): Uint8Array {
  return key instanceof Uint8Array ? key : encodeText(String(key));
}

function bits(entries: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array((entries.length + 7) >> 3);
  entries.forEach((entry, i) => {
    if (entry) bytes[i >> 3] |= 1 << (i & 7);
  });
  return bytes;
}

function fieldColumn(kind: FieldKind, values: readonly Value[]): WireFieldColumn {
  const nulls = values.includes(null) ? bits(values.map((value) => value === null)) : NONE;
  switch (kind) {
    case "text":
    case "raw":
      return { tag: kind, val: columnOf(values as (Uint8Array | null)[]) };
    case "integer": {
      const numbers = BigInt64Array.from(values.map((value) => (value as bigint | null) ?? 0n));
      return { tag: kind, val: { numbers: new Uint8Array(numbers.buffer), nulls } };
    }
    case "number": {
      const numbers = Float64Array.from(values.map((value) => (value as number | null) ?? 0));
      return { tag: kind, val: { numbers: new Uint8Array(numbers.buffer), nulls } };
    }
    case "boolean":
      return { tag: kind, val: { trues: bits(values.map((value) => value === true)), nulls } };
  }
}

function headers(sources: readonly Source[]): WireHeaders {
  let end = 0;
  const ends = Uint32Array.from(sources, (source) => (end += source.headers.length));
  const all = sources.flatMap((source) => source.headers);
  return {
    ends: bytesOf(ends, ends.length),
    names: columnOf(all.map(([name]) => name)),
    values: columnOf(all.map(([, value]) => value)),
  };
}

/** What the host's `tables.get` answers. */
export function tableGetter(
  tables: TestTables,
  names: () => readonly string[],
  entries: (keys: Parameters<Host["get"]>[1]) => (Uint8Array | null)[],
): Host["get"] {
  return (table, keys) => {
    const found = tables.get(names()[table]);
    return columnOf(entries(keys).map((key) => (key === null ? null : (found?.get(keyOf(key)) ?? null))));
  };
}
