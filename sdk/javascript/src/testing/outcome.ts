/** What became of a test's records: the answer applied to them, as the host does it. */

import { s64s, u32s } from "../bytes.js";
import { Column, HeaderColumns } from "../columns.js";
import type { Level, WireColumn, WireHeaders, WireOutput, WirePatch } from "../contract.js";
import { decodeText } from "../utf8.js";
import type { Source } from "./input.js";

/** A record as it is written. */
export class Emitted<Output extends string = string> {
  /** @internal */
  constructor(
    /** The row of the record that it comes from. */
    readonly row: number,
    /** The name of the output. */
    readonly output: Output,
    /** The key; null where it is null. */
    readonly key: Uint8Array | null,
    /** The value; null where it is null. */
    readonly value: Uint8Array | null,
    /** The headers, in their order. */
    readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[],
    /** Milliseconds since 1970; -1 for none. */
    readonly timestamp: bigint,
    /** The partition, where the transform chose one. */
    readonly partition: number | null,
  ) {}

  /** The value as text; null where it is null. Throws where it is not UTF-8. */
  get text(): string | null {
    return this.value === null ? null : decodeText(this.value);
  }

  /** The key as text; null where it is null. Throws where it is not UTF-8. */
  get keyText(): string | null {
    return this.key === null ? null : decodeText(this.key);
  }

  /** What the value's JSON stands for. Throws where it is null or not JSON. */
  json<T = unknown>(): T {
    if (this.text === null) throw new Error("the record has no value");
    return JSON.parse(this.text) as T;
  }

  /** The last header of this name, as text; null where there is none or it is null. */
  header(name: string): string | null {
    const value = this.headers.findLast(([other]) => other === name)?.[1] ?? null;
    return value === null ? null : decodeText(value);
  }
}

/** A record that could not be processed. */
export interface Rejected {
  /** Its row. */
  readonly row: number;
  /** What is wrong, for machines. */
  readonly code: string;
  /** What is wrong, for people. */
  readonly reason: string;
}

/** How a batch failed. */
export interface BatchFailure {
  /** Whether the host would try the batch again, or look for the records that are to blame. */
  readonly kind: "transient" | "permanent";
  /** What is wrong, for people. */
  readonly reason: string;
}

/** What became of the records of a test. */
export interface Outcome<Output extends string = string> {
  /** The emitted records, in the order in which they are written. */
  readonly emitted: readonly Emitted<Output>[];
  /** The rejected records, in the order of the input. */
  readonly rejected: readonly Rejected[];
  /** The rows of the records that were neither emitted nor rejected. */
  readonly dropped: readonly number[];
  /** How the batch failed, if it did: then nothing was emitted, rejected or counted. */
  readonly failure: BatchFailure | null;
  /** What the transform's counters came to. */
  readonly counters: Readonly<Record<string, bigint>>;
  /** What was logged. */
  readonly logs: readonly { readonly level: Level; readonly message: string }[];
  /** The records that went to this output. */
  to(output: Output): readonly Emitted<Output>[];
}

/** Applies an answer to the rows that it is about. Throws where the host would refuse it. */
export function applied(
  sources: readonly Source[],
  outputs: readonly string[],
  output: WireOutput,
): { emitted: Emitted[]; rejected: Rejected[]; dropped: number[] } {
  const rejected = rejections(output);
  const refused = new Set(rejected.map(({ row }) => row));
  const every = sources.map((_, row) => row);
  const rows = output.rows === undefined ? every.filter((row) => !refused.has(row)) : Array.from(u32s(output.rows));
  const wrong = [...rows, ...refused].find((row) => row >= sources.length);
  if (wrong !== undefined)
    throw new Error(`the host would refuse the answer: it names row ${wrong} of ${sources.length}`);
  const both = rows.find((row) => refused.has(row));
  if (both !== undefined) throw new Error(`the host would refuse the answer: row ${both} is both emitted and rejected`);
  const indexes = output.outputs === undefined ? undefined : new Uint16Array(output.outputs.slice().buffer);
  const key = bytesPatch(output.keys);
  const value = bytesPatch(output.values);
  const instead = headersPatch(output.headers);
  const added = headersPatch(output.addedHeaders);
  const timestamp = patch(
    output.timestamps,
    (to) => s64s(to),
    (to, at) => to[at],
  );
  const partition = patch(
    output.partitions,
    (to) => new Int32Array(to.slice().buffer),
    (to, at) => to[at],
  );
  const emitted = rows.map((row, position) => {
    const source = sources[row];
    const chosen = partition(position) ?? -1;
    return new Emitted(
      row,
      outputs[indexes?.[position] ?? 0],
      or(key(position), source.key),
      or(value(position), source.value),
      [...(instead(position) ?? source.headers), ...(added(position) ?? [])],
      timestamp(position) ?? source.timestamp,
      chosen === -1 ? null : chosen,
    );
  });
  const seen = new Set(rows);
  return { emitted, rejected, dropped: every.filter((row) => !seen.has(row) && !refused.has(row)) };
}

/** Null is a content, undefined is no patch. */
function or<T>(patched: T | undefined, own: T): T {
  return patched === undefined ? own : patched;
}

function rejections({ rejected }: WireOutput): Rejected[] {
  if (rejected === undefined) return [];
  const codes = new Column(rejected.codes);
  const reasons = new Column(rejected.reasons);
  return Array.from(u32s(rejected.rows), (row, i) => ({
    row,
    code: codes.text(i) ?? "",
    reason: reasons.text(i) ?? "",
  }));
}

/** What the emitted record at a position gets; undefined where it gets nothing. */
function patch<To, View, T>(
  wire: WirePatch<To> | undefined,
  view: (to: To) => View,
  get: (view: View, at: number) => T,
): (position: number) => T | undefined {
  if (wire === undefined) return () => undefined;
  const to = view(wire.to);
  if (wire.at === undefined) return (position) => get(to, position);
  const entries = new Map(Array.from(u32s(wire.at), (position, entry) => [position, entry]));
  return (position) => {
    const entry = entries.get(position);
    return entry === undefined ? undefined : get(to, entry);
  };
}

function bytesPatch(wire: WirePatch<WireColumn> | undefined): (position: number) => Uint8Array | null | undefined {
  return patch(
    wire,
    (to) => new Column(to),
    (to, at) => to.get(at),
  );
}

function headersPatch(wire: WirePatch<WireHeaders> | undefined): (position: number) => Emitted["headers"] | undefined {
  return patch(
    wire,
    (to) => new HeaderColumns(to),
    (to, at) => to.get(at),
  );
}
