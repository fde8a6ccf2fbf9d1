/**
 * The contract's types (wit/transform.wit) as a component sees them in JavaScript. Numbers travel as little-endian bytes.
 * Options that are none are left out: both engines take that for none and hand none over as `null` or `undefined`.
 */

/** Byte strings end to end. */
export interface WireColumn {
  data: Uint8Array;
  ends: Uint8Array;
  nulls: Uint8Array;
}

/** Header lists. */
export interface WireHeaders {
  ends: Uint8Array;
  names: WireColumn;
  values: WireColumn;
}

/** What the host took out of each row. */
export type WireFieldColumn =
  | { tag: "text" | "raw"; val: WireColumn }
  | { tag: "integer" | "number"; val: { numbers: Uint8Array; nulls: Uint8Array } }
  | { tag: "boolean"; val: { trues: Uint8Array; nulls: Uint8Array } };

/** Records of one partition. */
export interface WireBatch {
  topic: string;
  partition: number;
  count: number;
  offsets?: Uint8Array | null | undefined;
  timestamps?: Uint8Array | null | undefined;
  keys?: WireColumn | null | undefined;
  values?: WireColumn | null | undefined;
  headers?: WireHeaders | null | undefined;
  fields: WireFieldColumn[];
  lookups: WireFieldColumn[];
}

/** New contents for emitted records. */
export interface WirePatch<To> {
  at: Uint8Array | undefined;
  to: To;
}

/** Rows that cannot be processed. */
export interface WireRejections {
  rows: Uint8Array;
  codes: WireColumn;
  reasons: WireColumn;
}

/** What becomes of a batch. */
export interface WireOutput {
  rows: Uint8Array | undefined;
  outputs: Uint8Array | undefined;
  keys: WirePatch<WireColumn> | undefined;
  values: WirePatch<WireColumn> | undefined;
  headers: WirePatch<WireHeaders> | undefined;
  addedHeaders: WirePatch<WireHeaders> | undefined;
  timestamps: WirePatch<Uint8Array> | undefined;
  partitions: WirePatch<Uint8Array> | undefined;
  rejected: WireRejections | undefined;
}

/** Parts of a record. */
export interface WireParts {
  keys: boolean;
  values: boolean;
  headers: boolean;
  timestamps: boolean;
  offsets: boolean;
}

/** Where a field is looked for. */
export type WirePart = { tag: "value" } | { tag: "key" } | { tag: "header"; val: string };
/** What a field is handed over as. */
export type FieldKind = "text" | "integer" | "number" | "boolean" | "raw";
/** What the host does about a field that a row lacks. */
export type Presence = "required" | "nullable" | "lenient";

/** A declared field. */
export interface WireField {
  part: WirePart;
  path: string;
  kind: FieldKind;
  presence: Presence;
}

/** A declared lookup. */
export interface WireLookup {
  table: number;
  key: { tag: "record-key" } | { tag: "field"; val: number };
  field: WireField | undefined;
}

/** What a transform is. */
export interface WireDescription {
  reads: WireParts;
  fields: WireField[];
  lookups: WireLookup[];
  tables: string[];
  outputs: string[];
  counters: string[];
  options: [string, string][];
}

/** How a batch fails. */
export interface WireFailure {
  tag: "transient" | "permanent";
  val: string;
}

/** How much a log line matters. */
export type Level = "debug" | "info" | "warn" | "error";

/** What the host offers. */
export interface Host {
  write(level: Level, message: string): void;
  add(counter: number, by: number): void;
  get(table: number, keys: WireColumn): WireColumn;
}
