/** The columns of one batch, without what is known of them in types. */

import { isSet } from "./bytes.js";
import { Column, type FieldColumn, HeaderColumns, fieldColumn, nullsOf } from "./columns.js";
import type { WireBatch, WireColumn, WireDescription, WireField, WireFieldColumn } from "./contract.js";
import { s64s } from "./bytes.js";
import { PermanentFailure } from "./reject.js";

/** @internal */
export class BatchColumns {
  readonly topic: string;
  readonly partition: number;
  readonly count: number;
  readonly keys: Column | undefined;
  readonly values: Column | undefined;
  readonly headers: HeaderColumns | undefined;
  readonly timestamps: BigInt64Array | undefined;
  readonly offsets: BigInt64Array | undefined;
  readonly fields: readonly FieldColumn[];
  readonly lookups: readonly FieldColumn[];

  /** Throws where something is missing or too short that `description` asks for. */
  constructor(batch: WireBatch, description: WireDescription) {
    const { reads } = description;
    const { count } = batch;
    this.topic = batch.topic;
    this.partition = batch.partition;
    this.count = count;
    this.keys = column("keys", reads.keys, batch.keys, count);
    this.values = column("values", reads.values, batch.values, count);
    this.headers = undefined;
    if (reads.headers) {
      if (batch.headers == null || batch.headers.ends.length !== 4 * count) throw missing("headers", count);
      this.headers = new HeaderColumns(batch.headers);
    }
    this.timestamps = numbers("timestamps", reads.timestamps, batch.timestamps, count);
    this.offsets = numbers("offsets", reads.offsets, batch.offsets, count);
    this.fields = description.fields.map((field, i) => extracted(`field ${i}`, field, batch.fields[i], count));
    this.lookups = description.lookups.map((lookup, i) =>
      extracted(`lookup ${i}`, lookup.field, batch.lookups[i], count),
    );
  }
}

function missing(what: string, rows: number): PermanentFailure {
  return new PermanentFailure(`the host sent no ${what}, or too few, for ${rows} rows`);
}

function column(what: string, read: boolean, wire: WireColumn | null | undefined, rows: number): Column | undefined {
  if (!read) return undefined;
  if (wire == null || wire.ends.length !== 4 * rows) throw missing(what, rows);
  return new Column(wire);
}

function numbers(
  what: string,
  read: boolean,
  wire: Uint8Array | null | undefined,
  rows: number,
): BigInt64Array | undefined {
  if (!read) return undefined;
  if (wire == null || wire.length !== 8 * rows) throw missing(what, rows);
  return s64s(wire);
}

/** A lookup without a field is raw. */
function extracted(
  what: string,
  declared: WireField | undefined,
  wire: WireFieldColumn | undefined,
  rows: number,
): FieldColumn {
  const kind = declared?.kind ?? "raw";
  const found = wire?.tag === kind ? fieldColumn(wire, rows) : undefined;
  if (found === undefined) throw missing(`${what} of the type ${kind}`, rows);
  return found;
}

/** Says of a row whether its value is null. */
export type HasNoValue = (row: number) => boolean;

/**
 * Which rows have no value, though a field of it is required: the host does not reject those. Undefined where there is none,
 * or where the transform wants to see them.
 */
export function withoutValue(
  batch: WireBatch,
  description: WireDescription,
  nullValues: boolean,
): HasNoValue | undefined {
  if (nullValues) return undefined;
  const required = description.fields.findIndex((field) => field.part.tag === "value" && field.presence === "required");
  if (required < 0) return undefined;
  const nulls = nullsOf(batch.fields[required]);
  return nulls.length === 0 ? undefined : (row) => isSet(nulls, row);
}
