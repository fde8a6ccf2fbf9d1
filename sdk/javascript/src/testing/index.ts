/**
 * Runs a transform in plain unit tests, without WebAssembly: through the same columns and the same answer that a component
 * exchanges with the host, so nothing of it is skipped.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { test } from "node:test";
 * import { run } from "@millstream/sdk/testing";
 * import route from "./index.js";
 *
 * test("swipes to the right are likes", () => {
 *   const outcome = run(route, ['{"direction":"right"}', { key: "k", json: { direction: "up" } }]);
 *   assert.equal(outcome.to("likes")[0].row, 0);
 *   assert.equal(outcome.rejected[0].code, "unknown-direction");
 * });
 * ```
 *
 * @packageDocumentation
 */

import { Column } from "../columns.js";
import type { Content } from "../emission.js";
import type { Host } from "../contract.js";
import { sendLog } from "../log.js";
import { TransientFailure, textOf } from "../reject.js";
import { encodeText } from "../utf8.js";
import { noTables } from "../tables.js";
import type { Transform } from "../transform.js";
import { type TestTables, batchOf, keyOf, tableGetter } from "./batch.js";
import { type Input, bytes, source } from "./input.js";
import { type Emitted, type Outcome, applied } from "./outcome.js";

export type { Input, InputRecord } from "./input.js";
export type { BatchFailure, Emitted, Outcome, Rejected } from "./outcome.js";

/** What a deployment would say. */
export interface Options {
  /** Settings by the deployment's names, such as `min-age`; numbers and booleans as they are written. */
  readonly settings?: Readonly<Record<string, string | number | bigint | boolean>>;
  /** Tables by name: what each has, by key. */
  readonly tables?: Readonly<
    Record<string, Readonly<Record<string, Content>> | ReadonlyMap<string | Uint8Array, Content>>
  >;
  /** The topic that the records come from; `input` unless given. */
  readonly topic?: string;
  /** The partition that the records come from; 0 unless given. */
  readonly partition?: number;
}

function settings(options: Options): [string, string][] {
  return Object.entries(options.settings ?? {}).map(([name, value]) => [name, String(value)]);
}

function tables(options: Options): TestTables {
  return new Map(
    Object.entries(options.tables ?? {}).map(([name, contents]) => {
      const entries = contents instanceof Map ? [...contents] : Object.entries(contents as Record<string, Content>);
      const table = new Map<string, Uint8Array>();
      for (const [key, value] of entries as [string | Uint8Array, Content][]) {
        const stored = bytes(value);
        if (stored !== null) table.set(keyOf(typeof key === "string" ? encodeText(key) : key), stored);
      }
      return [name, table];
    }),
  );
}

/**
 * Configures a transform as a deployment with these settings would.
 *
 * @throws Error that names every setting that is wrong.
 */
export function configure(transform: Transform, options: Options = {}): void {
  transform.configure(settings(options), { write() {}, add() {}, get: noTables });
}

/**
 * Runs a transform over these records, as one batch.
 *
 * @throws Error where the transform cannot be configured, or gives an answer that the host would refuse.
 */
export function run<Output extends string>(
  transform: Transform<Output>,
  inputs: Iterable<Input>,
  options: Options = {},
): Outcome<Output> {
  const known = tables(options);
  let names: readonly string[] = [];
  const entries = (keys: Parameters<Host["get"]>[1]): (Uint8Array | null)[] => {
    const column = new Column(keys);
    return Array.from({ length: column.length }, (_, i) => column.get(i));
  };
  const host: Host = { write() {}, add() {}, get: tableGetter(known, () => names, entries) };
  const logs: Outcome["logs"][number][] = [];
  const before = sendLog((level, message) => logs.push({ level, message }));
  try {
    const running = transform.configure(settings(options), host);
    const { description } = running;
    names = description.tables;
    const sources = [...inputs].map(source);
    const { batch, kept, refused } = batchOf(
      sources,
      description,
      known,
      options.topic ?? "input",
      options.partition ?? 0,
    );
    const zero = Object.fromEntries(description.counters.map((name) => [name, 0n]));
    if (kept.length === 0)
      return outcome<Output>({ emitted: [], rejected: refused, dropped: [], failure: null, counters: zero, logs });
    let answer;
    try {
      answer = running.apply(batch);
    } catch (thrown) {
      const kind = thrown instanceof TransientFailure ? "transient" : "permanent";
      const failure = { kind, reason: textOf(thrown) } as const;
      return outcome<Output>({ emitted: [], rejected: [], dropped: [], failure, counters: zero, logs });
    }
    const { emitted, rejected, dropped } = applied(
      kept.map((row) => sources[row]),
      description.outputs,
      answer.output,
    );
    const widened = <T extends { readonly row: number }>(of: T): T =>
      Object.assign(Object.create(Object.getPrototypeOf(of) as object) as T, of, { row: kept[of.row] });
    return outcome<Output>({
      emitted: emitted.map(widened) as Emitted<Output>[],
      rejected: [...rejected.map(widened), ...refused].sort((a, b) => a.row - b.row),
      dropped: dropped.map((row) => kept[row]),
      failure: null,
      counters: Object.fromEntries(description.counters.map((name, i) => [name, answer.counts[i]])),
      logs,
    });
  } finally {
    sendLog(before);
  }
}

function outcome<Output extends string>(parts: Omit<Outcome<Output>, "to">): Outcome<Output> {
  return { ...parts, to: (output) => parts.emitted.filter((record) => record.output === output) };
}
