/** What a transform says about itself, checked: and in the contract's words. */

import type { FieldKind, WireDescription, WireLookup } from "../contract.js";
import { indexed } from "../counts.js";
import { settingName } from "./settings.js";
import type { Field, PartName } from "./fields.js";
import type { Lookup } from "./lookups.js";
import type { Setting } from "./settings.js";

/** A part of a record that a transform can read. */
export type ReadPart = "keys" | "values" | "headers" | "timestamps" | "offsets";

/** Declared fields by name. */
export type Fields = Readonly<Record<string, Field<unknown, PartName>>>;

/** What a transform is, whatever its types. */
export interface AnyDeclaration {
  readonly outputs: readonly string[];
  readonly reads?: readonly ReadPart[] | undefined;
  readonly fields?: Fields | undefined;
  readonly lookups?: Readonly<Record<string, Lookup<unknown>>> | undefined;
  readonly tables?: readonly string[] | undefined;
  readonly counters?: readonly string[] | undefined;
  readonly settings?: Readonly<Record<string, Setting<unknown>>> | undefined;
  readonly nullValues?: boolean | undefined;
  readonly init?: ((settings: never) => unknown) | undefined;
}

const PARTS: readonly ReadPart[] = ["keys", "values", "headers", "timestamps", "offsets"];

/**
 * Checks what types cannot, for those who write JavaScript.
 *
 * @throws Error that says what is wrong.
 */
export function check(declaration: AnyDeclaration, taken: ReadonlySet<string>): void {
  const { outputs, reads = [], fields = {}, lookups = {}, tables = [], counters = [], settings = {} } = declaration;
  names("output", outputs, /^[a-z0-9_-]{1,64}$/, "a-z, 0-9, '-' and '_', at most 64 of them");
  names("counter", counters, /^[a-z0-9_]+$/, "a-z, 0-9 and '_'");
  names("table", tables, /./, "any characters");
  if (outputs.length === 0) throw new Error('a transform has at least one output: add `outputs: ["out"]`');
  const part = reads.find((read) => !PARTS.includes(read));
  if (part !== undefined) throw new Error(`\`reads\` names \`${part}\`, which is none of ${PARTS.join(", ")}`);
  for (const name of [...Object.keys(fields), ...Object.keys(lookups)]) {
    if (taken.has(name)) {
      throw new Error(
        `a field cannot be called \`${name}\`, which a record has already: choose another name, such as \`its${capital(name)}\``,
      );
    }
    if (Object.hasOwn(fields, name) && Object.hasOwn(lookups, name))
      throw new Error(`\`${name}\` is a field and a lookup: give one of them another name`);
  }
  for (const [name, { declared }] of Object.entries(fields)) pointer(`the field \`${name}\``, declared.path);
  for (const [name, { table, by, take }] of Object.entries(lookups)) {
    if (!tables.includes(table)) throw new Error(`the lookup \`${name}\` is into \`${table}\`: add it to \`tables\``);
    if (by !== undefined && !Object.hasOwn(fields, by))
      throw new Error(`the lookup \`${name}\` is by \`${by}\`: add it to \`fields\``);
    if (by !== undefined && !KEYS.includes(fields[by].declared.kind)) {
      throw new Error(`the lookup \`${name}\` is by \`${by}\`, which is no key: it has to be text, integer or raw`);
    }
    if (take !== undefined) {
      if (take.declared.part.tag !== "value")
        throw new Error(`the lookup \`${name}\` takes its field from the table's value: give a path`);
      pointer(`the lookup \`${name}\``, take.declared.path);
    }
  }
  names("setting", Object.keys(settings).map(settingName), /./, "any characters");
}

/** Kinds of fields that can be keys of a table. */
const KEYS: readonly FieldKind[] = ["text", "integer", "raw"];

function pointer(what: string, path: string): void {
  if (path !== "" && !path.startsWith("/"))
    throw new Error(`${what}: the path \`${path}\` has to be empty or start with \`/\``);
  if (/~(?![01])/.test(path))
    throw new Error(`${what}: in the path \`${path}\` write \`~0\` for \`~\`, and \`~1\` for \`/\` within a name`);
}

function names(what: string, given: readonly string[], fits: RegExp, characters: string): void {
  for (const name of given) {
    if (typeof name !== "string" || !fits.test(name))
      throw new Error(`the ${what} \`${String(name)}\`: its name is made of ${characters}`);
  }
  const twice = given.find((name, i) => given.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`the ${what} \`${twice}\` is declared twice`);
}

function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** The declaration in the contract's words. */
export function describe(declaration: AnyDeclaration): WireDescription {
  const { outputs, reads = [], fields = {}, lookups = {}, tables = [], counters = [] } = declaration;
  const fieldIndexes = indexed(Object.keys(fields));
  const tableIndexes = indexed(tables);
  const lookupOf = ({ table, by, take }: Lookup<unknown>): WireLookup => ({
    table: tableIndexes[table],
    key: by === undefined ? { tag: "record-key" } : { tag: "field", val: fieldIndexes[by] },
    field: take?.declared,
  });
  return {
    reads: {
      keys: reads.includes("keys"),
      values: reads.includes("values"),
      headers: reads.includes("headers"),
      timestamps: reads.includes("timestamps"),
      offsets: reads.includes("offsets"),
    },
    fields: Object.values(fields).map((field) => field.declared),
    lookups: Object.values(lookups).map(lookupOf),
    tables: [...tables],
    outputs: [...outputs],
    counters: [...counters],
    options: [],
  };
}
