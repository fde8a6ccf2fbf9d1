/** What the fields of a line are, and how they are written as JSON. */

import type { Field } from "./csv.js";

/** One of the fields that every line has. */
export interface Column {
  readonly name: string;
  readonly type: Type;
  /** The name as it begins a member: `"id":`. */
  readonly member: string;
}

interface Type {
  readonly described: string;
  /** Texts that are JSON of this type as they stand; without it every text is one, and written as a string. */
  readonly pattern?: RegExp;
}

const TYPES: ReadonlyMap<string, Type> = new Map([
  ["text", { described: "a text" }],
  ["integer", { described: "an integer", pattern: /^-?(0|[1-9][0-9]*)$/ }],
  ["number", { described: "a number", pattern: /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/ }],
  ["boolean", { described: "a boolean", pattern: /^(true|false)$/ }],
]);

/** A field is not of its column's type. */
export class WrongType extends Error {}

/**
 * The columns that the setting names: `id:integer`, or `customer` for a text.
 *
 * @throws Error that says what is wrong with the setting.
 */
export function parseColumns(entries: readonly string[]): Column[] {
  if (entries.length === 0) throw new Error("setting `columns` names no column");
  const columns = new Map<string, Column>();
  for (const entry of entries) {
    // At the first colon, if there is one.
    const [name, typeName = "text"] = entry.split(/:(.*)/s);
    if (name === "") throw new Error("setting `columns`: a column has no name");
    if (columns.has(name)) throw new Error(`setting \`columns\`: two columns are called \`${name}\``);
    const type = TYPES.get(typeName);
    if (type === undefined) {
      const types = "text, integer, number or boolean";
      throw new Error(`setting \`columns\`: \`${name}\` is of the type \`${typeName}\`, not ${types}`);
    }
    columns.set(name, { name, type, member: `${JSON.stringify(name)}:` });
  }
  return [...columns.values()];
}

/**
 * A line as a JSON object. There are as many fields as columns.
 *
 * @throws WrongType
 */
export function object(columns: readonly Column[], fields: readonly Field[]): string {
  return `{${columns.map((column, i) => column.member + valueOf(column, fields[i])).join(",")}}`;
}

function valueOf({ name, type }: Column, field: Field): string {
  if (field === null) return "null";
  if (type.pattern === undefined) return JSON.stringify(field);
  if (!type.pattern.test(field)) throw new WrongType(`${name} is "${field}", not ${type.described}`);
  // A number stays as it is written: a JavaScript number would lose digits.
  return field;
}
