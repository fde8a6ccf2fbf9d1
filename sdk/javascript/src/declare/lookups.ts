/** Values from tables that the host joins to every record. */

import type { Field } from "./fields.js";

/** A declared lookup, of type `T`: null where the table has no such key. Made by {@link lookup}. */
export interface Lookup<T, Table extends string = string> {
  /** @internal */
  readonly table: Table;
  /** @internal */
  readonly by: string | undefined;
  /** @internal */
  readonly take: Field<unknown> | undefined;
  /** Only a type: what is looked up, and in which table. */
  readonly type?: { readonly value: T; readonly table: Table };
}

/**
 * What the table has under the record's key: its whole value, as bytes; null where it has no such key.
 *
 * ```ts
 * transform({
 *   outputs: ["named"],
 *   tables: ["users"],
 *   fields: { user: text("/user") },
 *   lookups: { name: lookup("users", { by: "user", take: text("/name").lenient() }) },
 * }, …)
 * ```
 *
 * @param table - One of the transform's tables.
 * @param options - `by`: the field (text, integer or raw) that is the key, instead of the record's.
 */
export function lookup<Table extends string>(
  table: Table,
  options?: { readonly by?: string; readonly take?: undefined },
): Lookup<Uint8Array | null, Table>;
/**
 * A field of what the table has under a key; null where it has no such key. By the rules of fields: a table's value that is not
 * JSON rejects the record as `malformed-json`, one that lacks the field as `missing-field` or `wrong-type`, unless the field
 * is `.nullable()` or `.lenient()`.
 *
 * @param table - One of the transform's tables.
 * @param options - `by`: the field (text, integer or raw) that is the key, instead of the record's. `take`: what of the
 * table's value is wanted; its place is a path into that value.
 */
export function lookup<Table extends string, T>(
  table: Table,
  options: { readonly by?: string; readonly take: Field<T, "value"> },
): Lookup<T | null, Table>;
export function lookup(
  table: string,
  options: { by?: string; take?: Field<unknown> | undefined } = {},
): Lookup<unknown> {
  return { table, by: options.by, take: options.take };
}
