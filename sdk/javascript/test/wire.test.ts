/** What is sent to the host: as little as can be. These look at what users don't see. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { columnOf } from "#dist/builder.js";
import type { WireBatch, WireOutput } from "#dist/contract.js";
import { type Emitter, type Transform, transform } from "@millstream/sdk";

const u32 = (...numbers: number[]): Uint8Array => new Uint8Array(Uint32Array.from(numbers).buffer);
const u16 = (...numbers: number[]): Uint8Array => new Uint8Array(Uint16Array.from(numbers).buffer);

function batch(count: number): WireBatch {
  return { topic: "t", partition: 0, count, fields: [], lookups: [] };
}

/** The answer to a batch of so many records. */
function answer(count: number, each: (row: number, out: Emitter<"a" | "b">) => void): WireOutput {
  const made = transform({ outputs: ["a", "b"] }, (record, out) => each(record.row, out));
  return (made as unknown as Internal).configure([], HOST).apply(batch(count)).output;
}

/** Nothing of it is called here. */
const HOST = {};

interface Internal {
  configure(settings: [string, string][], host: object): { apply(batch: WireBatch): { output: WireOutput } };
}

test("what need not be said is left out", () => {
  const output = answer(3, (_, out) => out.forward("a"));
  assert.ok(Object.values(output).every((part) => part === undefined));
});

test("rows are left out where the others are rejected", () => {
  const output = answer(3, (row, out) => {
    out.forward(row === 2 ? "b" : "a");
    if (row === 1) throw new Error("no");
  });
  assert.equal(output.rows, undefined);
  assert.deepEqual(output.outputs, u16(0, 1));
  assert.deepEqual(output.rejected?.rows, u32(1));
});

test("rows are said where one occurs twice or not at all", () => {
  assert.deepEqual(
    answer(2, (row, out) => (row === 0 ? (out.forward("a"), out.forward("a")) : undefined)).rows,
    u32(0, 0),
  );
  assert.deepEqual(answer(2, (row, out) => (row === 1 ? out.forward("a") : undefined)).rows, u32(1));
  assert.deepEqual(answer(2, () => {}).rows, u32());
});

test("what is taken back leaves no trace", () => {
  const output = answer(2, (row, out) => {
    out
      .emit("b")
      .key("x")
      .value(Uint8Array.of(1))
      .header("h", "1")
      .headers([["i", null]])
      .timestamp(1)
      .partition(1);
    out.forward("a");
    out.drop();
    if (row === 1) out.forward("a");
    else out.emit("a").value("kept");
  });
  assert.equal(output.rows, undefined);
  assert.equal(output.outputs, undefined);
  assert.deepEqual(output.values?.at, u32(0));
  assert.deepEqual(output.values?.to, columnOf(["kept"]));
  for (const part of [output.keys, output.headers, output.addedHeaders, output.timestamps, output.partitions]) {
    assert.equal(part, undefined);
  }
});

test("positions are left out where every emitted record is patched", () => {
  const output = answer(2, (row, out) => void out.emit("a").value(String(row)).header("h", null));
  assert.equal(output.values?.at, undefined);
  assert.equal(output.addedHeaders?.at, undefined);
  assert.deepEqual(output.addedHeaders?.to.ends, u32(1, 2));
});

test("a column has text, bytes and nulls in their order, whatever they are", () => {
  const texts = columnOf(["a", null, "b\ud83d", "\ude00ä", ""]);
  assert.deepEqual(texts.ends, u32(1, 1, 5, 10, 10));
  assert.equal(new TextDecoder().decode(texts.data), "ab\ufffd\ufffdä");
  assert.deepEqual(texts.nulls, Uint8Array.of(2));
  const mixed = columnOf([
    "ä",
    Uint8Array.of(1, 2),
    "x",
    null,
    Uint8Array.of(),
    ...Array.from({ length: 30 }, () => "y"),
  ]);
  assert.deepEqual(mixed.ends.slice(0, 20), u32(2, 4, 5, 5, 5));
  assert.equal(mixed.ends.length, 4 * 35);
  assert.deepEqual(mixed.nulls, Uint8Array.of(8, 0, 0, 0, 0));
});

test("a host that sends less than was asked for is told so", () => {
  const reading = transform({ outputs: ["a"], reads: ["keys"] }, () => {}) as Transform as unknown as Internal;
  const running = reading.configure([], HOST);
  assert.throws(() => running.apply(batch(2)), { message: "the host sent no keys, or too few, for 2 rows" });
});
