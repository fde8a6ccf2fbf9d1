/** Records for a test. */

import { encodeText } from "../utf8.js";
import { stringify } from "../json.js";
import type { Content } from "../emission.js";

/** A record to run a transform over. */
export interface InputRecord {
  /** Null unless given. */
  readonly key?: Content;
  /** Null unless given. */
  readonly value?: Content;
  /** Instead of `value`: this one's JSON. */
  readonly json?: unknown;
  /** In their order; names may repeat. */
  readonly headers?: Iterable<readonly [name: string, value: Content]>;
  /** Milliseconds since 1970; 0 unless given. */
  readonly timestamp?: bigint | number;
  /** Its row unless given. */
  readonly offset?: bigint | number;
}

/** A record, or its value alone. */
export type Input = string | Uint8Array | InputRecord;

/** A record in bytes. */
export interface Source {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[];
  readonly timestamp: bigint;
  readonly offset: bigint;
}

/** The bytes of a key, a value or a header. */
export function bytes(content: Content | undefined): Uint8Array | null {
  return typeof content === "string" ? encodeText(content) : (content ?? null);
}

/** The record that an input stands for, in this row. */
export function source(input: Input, row: number): Source {
  const record: InputRecord = typeof input === "string" || input instanceof Uint8Array ? { value: input } : input;
  if (record.json !== undefined && record.value !== undefined) {
    throw new Error(`record ${row} has both \`value\` and \`json\`: give one of them`);
  }
  return {
    key: bytes(record.key),
    value: bytes(record.json === undefined ? record.value : stringify(record.json)),
    headers: [...(record.headers ?? [])].map(([name, value]) => [name, bytes(value)] as const),
    timestamp: BigInt(record.timestamp ?? 0),
    offset: BigInt(record.offset ?? row),
  };
}
