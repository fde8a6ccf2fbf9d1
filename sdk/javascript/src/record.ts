/** One record of a batch. Nothing in it is looked at before it is asked for. */

import type { BatchColumns } from "./batch-columns.js";
import { type FieldColumn, type Header, TextColumn } from "./columns.js";
import type { AnyDeclaration, Fields, ReadPart } from "./declare/declaration.js";
import type { Field } from "./declare/fields.js";
import type { Lookup } from "./declare/lookups.js";
import { isShallow } from "./depth.js";
import { row } from "./each.js";
import { PermanentFailure, Reject, nullValue, textOf } from "./reject.js";
import { decodeText, validUpTo } from "./utf8.js";

/** What every record has. */
export interface AnyRecord {
  /** The topic that it comes from. */
  readonly topic: string;
  /** The partition that it comes from. */
  readonly partition: number;
  /** Its row in its batch, from 0. Where batches are cut is the host's affair: don't build on it. */
  readonly row: number;
}

/** What a record has besides where the transform reads `keys`. */
export interface RecordKey {
  /** The key; null where it is null. An empty key is a key. */
  readonly key: Uint8Array | null;
}

/** What a record has besides where the transform reads `values`. */
export interface RecordValue {
  /** The value; null where it is null, as in a compacted topic's tombstone. */
  readonly value: Uint8Array | null;
  /**
   * The value as text.
   *
   * @throws Reject `null-value` where it is null, `invalid-utf8` where it is not UTF-8.
   */
  text(): string;
  /**
   * What the value's JSON stands for. Its type is the caller's word, and numbers are floating-point; declared fields are
   * checked and exact, and cost a fraction of this.
   *
   * @throws Reject `null-value` where it is null, `malformed-json` where it is not JSON, or nested more than 1,000 deep.
   */
  json<T = unknown>(): T;
}

/** What a record has besides where the transform reads `headers`. */
export interface RecordHeaders {
  /** The headers, in their order; names may repeat. */
  readonly headers: readonly Header[];
  /** The value of the last header of this name, which is the one that counts; null where there is none or it is null. */
  header(name: string): Uint8Array | null;
}

/** What a record has besides where the transform reads `timestamps`. */
export interface RecordTimestamp {
  /** Milliseconds since 1970-01-01T00:00Z, as the record carries them; -1 where it has none. */
  readonly timestamp: bigint;
}

/** What a record has besides where the transform reads `offsets`. */
export interface RecordOffset {
  /** The record's offset in its partition. */
  readonly offset: bigint;
}

type When<Condition extends boolean, T> = Condition extends true ? T : unknown;
type Reading<Reads extends ReadPart, Part extends ReadPart> = Part extends Reads ? true : false;
type FieldValue<F, NullValues> =
  F extends Field<infer T, infer Part> ? (NullValues extends true ? ("value" extends Part ? T | null : T) : T) : never;

/** The declared fields of a record. Those of a value that may be null may be null themselves. */
export type FieldValues<F extends Fields, NullValues extends boolean> = {
  readonly [Name in keyof F]: FieldValue<F[Name], NullValues>;
};

/** The declared lookups of a record. */
export type LookupValues<L> = { readonly [Name in keyof L]: L[Name] extends Lookup<infer T> ? T : never };

/**
 * A record as a transform sees it: the parts that it reads, its fields and its lookups. It is one object, which becomes the
 * next record after this one: keep what is in it, not itself.
 */
export type Record<
  F extends Fields = {},
  L = {},
  Reads extends ReadPart = never,
  NullValues extends boolean = false,
> = AnyRecord &
  When<Reading<Reads, "keys">, RecordKey> &
  When<Reading<Reads, "values">, RecordValue> &
  When<Reading<Reads, "headers">, RecordHeaders> &
  When<Reading<Reads, "timestamps">, RecordTimestamp> &
  When<Reading<Reads, "offsets">, RecordOffset> &
  FieldValues<F, NullValues> &
  LookupValues<L>;

/** @internal What is behind every {@link Record}. Fields and lookups are getters of a prototype between the two. */
export class RecordView implements AnyRecord, RecordKey, RecordValue, RecordHeaders, RecordTimestamp, RecordOffset {
  readonly columns: BatchColumns;

  constructor(columns: BatchColumns) {
    this.columns = columns;
  }

  get row(): number {
    return row;
  }
  get topic(): string {
    return this.columns.topic;
  }
  get partition(): number {
    return this.columns.partition;
  }
  get key(): Uint8Array | null {
    return (this.columns.keys ?? unread("key", "keys")).get(row);
  }
  get value(): Uint8Array | null {
    return (this.columns.values ?? unread("value", "values")).get(row);
  }
  text(): string {
    const { value } = this;
    if (value === null) throw nullValue();
    try {
      return decodeText(value);
    } catch {
      throw new Reject("invalid-utf8", `the value is not text: invalid UTF-8 at byte ${validUpTo(value)}`);
    }
  }
  json<T = unknown>(): T {
    const { value } = this;
    if (value === null) throw nullValue();
    try {
      const text = decodeText(value);
      if (!isShallow(text)) throw new Error("nested too deeply");
      return JSON.parse(text) as T;
    } catch (error) {
      throw new Reject("malformed-json", `the value is not JSON: ${textOf(error)}`);
    }
  }
  get headers(): readonly Header[] {
    return (this.columns.headers ?? unread("headers", "headers")).get(row);
  }
  header(name: string): Uint8Array | null {
    return (this.columns.headers ?? unread("header()", "headers")).last(row, name);
  }
  get timestamp(): bigint {
    return (this.columns.timestamps ?? unread("timestamp", "timestamps"))[row];
  }
  get offset(): bigint {
    return (this.columns.offsets ?? unread("offset", "offsets"))[row];
  }
}

/** A mistake in the transform, not in the record: types show it, but JavaScript has none. */
function unread(what: string, part: ReadPart): never {
  throw new PermanentFailure(`\`record.${what}\` is not read: add "${part}" to the transform's \`reads\``);
}

/** @internal Names that fields cannot have. */
export const TAKEN: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(RecordView.prototype),
  "columns",
]);

/** @internal Makes the record of a batch. */
export function recordMaker(declaration: AnyDeclaration): (columns: BatchColumns) => RecordView {
  class Declared extends RecordView {}
  const add = (name: string, get: () => unknown): void => {
    Object.defineProperty(Declared.prototype, name, { get, enumerable: true });
  };
  const begin: ((columns: BatchColumns) => void)[] = [];
  const declare = (name: string, columnOf: (columns: BatchColumns) => FieldColumn): void => {
    // `var`s, as in `eachRecord`: they surround what runs for every record.
    var column: FieldColumn;
    // Of a plain text column, from its first use on: spares the getter another call.
    var all = "";
    var starts: Uint32Array | undefined;
    begin.push((columns) => {
      column = columnOf(columns);
      starts = undefined;
    });
    add(name, () => {
      if (starts !== undefined) return all.slice(starts[row], starts[row + 1]);
      const found = column.get(row);
      if (column instanceof TextColumn && column.plain) ({ all, starts } = column);
      return found;
    });
  };
  Object.keys(declaration.fields ?? {}).forEach((name, i) => declare(name, (columns) => columns.fields[i]));
  Object.keys(declaration.lookups ?? {}).forEach((name, i) => declare(name, (columns) => columns.lookups[i]));
  return (columns) => {
    for (const each of begin) each(columns);
    return new Declared(columns);
  };
}
