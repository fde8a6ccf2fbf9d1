/** Values from tables that the host joins to every record. */

import type { Field } from "./fields.js";

/** A declared lookup, of type `T`: null where the table has no such key. Made by {@link lookup}. */
export interface Lookup<T, Table extends string = string, By extends string = string> {
  /** @internal */
  readonly table: Table;
  /** @internal */
  readonly by: By | undefined;
  /** @internal */
  readonly take: Field<unknown> | undefined;
  /** Only a type: what is looked up. */
  readonly type?: T;
}

/**
 * What the table has under the record's key: its whole value, as bytes.
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
 * @param options - `by`: the field (text, integer or raw) that is the key, instead of the record's. `take`: what of the
 * table's value is wanted; its place is a path into that value.
 */
export function lookup<Table extends string, By extends string = never>(
  table: Table,
  options?: { readonly by?: By; readonly take?: undefined },
): Lookup<Uint8Array | null, Table, By>;
export function lookup<Table extends string, T, By extends string = never>(
  table: Table,
  options: { readonly by?: By; readonly take: Field<T, "value"> },
): Lookup<T | null, Table, By>;
export function lookup(table: string, options: { by?: string; take?: Field<unknown> | undefined } = {}): Lookup<unknown> {
  return { table, by: options.by, take: options.take };
}
