/** A batch as columns: what a transform takes that wants all the speed. */

import type { BatchColumns } from "./batch-columns.js";
import type { BooleanColumn, Column, HeaderColumns, IntegerColumn, NumberColumn, TextColumn } from "./columns.js";
import type { AnyDeclaration, Fields, ReadPart } from "./declare/declaration.js";
import type { TypeOf } from "./declare/fields.js";
import type { Lookup } from "./declare/lookups.js";

/** The column of a field's type. */
export type ColumnOf<T> = [NonNullable<T>] extends [string]
  ? TextColumn
  : [NonNullable<T>] extends [bigint]
    ? IntegerColumn
    : [NonNullable<T>] extends [number]
      ? NumberColumn
      : [NonNullable<T>] extends [boolean]
        ? BooleanColumn
        : Column;

/** What every batch has. */
export interface AnyBatch {
  /** The topic that the records come from. */
  readonly topic: string;
  /** The partition that the records come from. */
  readonly partition: number;
  /** How many records there are, at least one. */
  readonly length: number;
}

/** Records of one partition, in offset order: what the transform reads of them, its fields and its lookups, as columns. */
export type Batch<F extends Fields = {}, L = {}, Reads extends ReadPart = never> = AnyBatch &
  ("keys" extends Reads
    ? {
        /** The keys, row for row. */
        readonly keys: Column;
      }
    : unknown) &
  ("values" extends Reads
    ? {
        /** The values, row for row. */
        readonly values: Column;
      }
    : unknown) &
  ("headers" extends Reads
    ? {
        /** The headers, row for row. */
        readonly headers: HeaderColumns;
      }
    : unknown) &
  ("timestamps" extends Reads
    ? {
        /** Milliseconds since 1970, row for row; -1 for none. */
        readonly timestamps: BigInt64Array;
      }
    : unknown) &
  ("offsets" extends Reads
    ? {
        /** The offsets, row for row. */
        readonly offsets: BigInt64Array;
      }
    : unknown) & {
    /** The declared fields, row for row. */
    readonly fields: { readonly [Name in keyof F]: ColumnOf<TypeOf<F[Name]>> };
    /** The declared lookups, row for row. */
    readonly lookups: { readonly [Name in keyof L]: L[Name] extends Lookup<infer T> ? ColumnOf<T> : never };
  };

/** @internal */
export function batchOf(columns: BatchColumns, declaration: AnyDeclaration): Batch {
  const named = (names: object | undefined, of: readonly unknown[]): object =>
    Object.fromEntries(Object.keys(names ?? {}).map((name, i) => [name, of[i]]));
  const { topic, partition, count, keys, values, headers, timestamps, offsets } = columns;
  return {
    topic,
    partition,
    length: count,
    keys,
    values,
    headers,
    timestamps,
    offsets,
    fields: named(declaration.fields, columns.fields),
    lookups: named(declaration.lookups, columns.lookups),
  } as Batch;
}
