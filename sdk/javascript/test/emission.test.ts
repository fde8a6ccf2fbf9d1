import assert from "node:assert/strict";
import { test } from "node:test";

import { type Content, type Emission, type Emitter, transform } from "@millstream/sdk";
import { run } from "@millstream/sdk/testing";

/** What `change` makes of a record. */
function changed(change: (emission: Emission) => void, value: Content = '{"a":1}') {
  const changing = transform({ outputs: ["out"], reads: ["values"] }, (_, out) => change(out.emit("out")));
  return run(changing, [{ key: "k", value, headers: [["h", "1"]], timestamp: 3 }]);
}

test("what is not set stays the record's own", () => {
  const [record] = changed(() => {}).emitted;
  assert.deepEqual(
    [record.keyText, record.text, record.header("h"), record.timestamp, record.partition],
    ["k", '{"a":1}', "1", 3n, null],
  );
});

test("every part can be set, again as well, and be null", () => {
  const [record] = changed((emission) =>
    emission
      .key("a")
      .key("b")
      .value("x")
      .nullValue()
      .timestamp(4)
      .timestamp(5n)
      .partition(1)
      .partition(2)
      .header("i", null)
      .header("j", "ä"),
  ).emitted;
  assert.deepEqual([record.keyText, record.value, record.timestamp, record.partition], ["b", null, 5n, 2]);
  assert.deepEqual(
    record.headers.map(([name]) => name),
    ["h", "i", "j"],
  );
  assert.deepEqual([record.header("i"), record.header("j")], [null, "ä"]);
  assert.equal(changed((emission) => emission.nullKey()).emitted[0].key, null);
});

test("headers come instead of the record's, and added ones after them", () => {
  const [record] = changed((emission) =>
    emission
      .header("z", "3")
      .headers([["x", "1"]])
      .headers([
        ["y", "2"],
        ["y", null],
      ]),
  ).emitted;
  assert.deepEqual(
    record.headers.map(([name, value]) => [name, value && value.length]),
    [
      ["y", 1],
      ["y", null],
      ["z", 1],
    ],
  );
  assert.deepEqual(changed((emission) => emission.headers([])).emitted[0].headers, []);
});

test("members are added before the last brace, and nothing else changes", () => {
  const extended = (value: string, members: object) =>
    changed((emission) => emission.extendJson(members), value).emitted[0]?.text;
  assert.equal(extended('{"a":1}', { b: "ä", c: 1n << 60n }), '{"a":1,"b":"ä","c":1152921504606846976}');
  assert.equal(extended(' { "a" : {} }\n', { b: 2 }), ' { "a" : {} ,"b":2}\n');
  assert.equal(extended("{ }", { b: 2 }), '{ "b":2}');
  assert.equal(extended('{"a":1}', {}), '{"a":1}');
});

test("what cannot be extended or written rejects the record", () => {
  const code = (change: (emission: Emission) => void, value: Content = '{"a":1}') =>
    changed(change, value).rejected[0]?.code;
  for (const value of ["[1]", "", "{", "}", " ", '{"a":1} x']) {
    assert.equal(
      code((emission) => emission.extendJson({ b: 1 }), value),
      "unexpected-json",
      value,
    );
  }
  assert.equal(
    code((emission) => emission.extendJson({ b: 1 }), null),
    "null-value",
  );
  assert.equal(
    code((emission) => emission.extendJson([1])),
    "unwritable-json",
  );
  assert.equal(
    code((emission) => emission.json(undefined)),
    "unwritable-json",
  );
  const cycle: { self?: unknown; big: bigint } = { big: 1n };
  cycle.self = cycle;
  assert.equal(
    code((emission) => emission.json(cycle)),
    "unwritable-json",
  );
});

test("what the host would refuse rejects the record alone", () => {
  const reason = (change: (emission: Emission) => void) => changed(change).rejected[0]?.reason ?? "";
  assert.match(
    reason((emission) => emission.header("millstream.x", "1")),
    /choose another/,
  );
  assert.match(
    reason((emission) => emission.header("a\0", "1")),
    /NUL/,
  );
  assert.match(
    reason((emission) => emission.timestamp(-2)),
    /-1 or milliseconds/,
  );
  assert.match(
    reason((emission) => emission.timestamp(1.5)),
    /-1 or milliseconds/,
  );
  assert.match(
    reason((emission) => emission.partition(1.5)),
    /a partition is/,
  );
  assert.match(
    reason((emission) => emission.key(undefined as unknown as string)),
    /not undefined/,
  );
});

test("bytes may be used again once they were given", () => {
  const scratch = Uint8Array.of(0x61);
  const reusing = transform({ outputs: ["out"] }, (_, out) => {
    out.emit("out").value(scratch);
    scratch[0]++;
  });
  assert.deepEqual(
    run(reusing, ["", ""]).emitted.map((record) => record.text),
    ["a", "b"],
  );
});

test("an emission that is not the last one cannot be changed", () => {
  let kept: Emission | undefined;
  const late = (out: Emitter<"out">) => {
    kept ??= out.emit("out");
    out.forward("out");
    kept.value("x");
  };
  const outcome = run(
    transform({ outputs: ["out"] }, (_, out) => late(out)),
    ["a"],
  );
  assert.match(outcome.rejected[0].reason, /only until the next record/);
});

test("a record is fanned out by emitting it again", () => {
  const fan = transform({ outputs: ["a", "b"] }, (record, out) => {
    for (let copy = 0; copy < record.row; copy++) out.emit(copy % 2 === 0 ? "a" : "b").value(`${record.row}/${copy}`);
  });
  const outcome = run(fan, ["", "", "", ""]);
  assert.deepEqual(
    outcome.emitted.map(({ output, text }) => `${output} ${text}`),
    ["a 1/0", "a 2/0", "b 2/1", "a 3/0", "b 3/1", "a 3/2"],
  );
});

test("counts are exact up to 64 bits, and what is no count rejects", () => {
  const counting = transform({ outputs: ["out"], counters: ["n"], reads: ["values"] }, (record, out) => {
    const given = record.text();
    out.count("n", given.endsWith("n") ? BigInt(given.slice(0, -1)) : Number(given));
  });
  const outcome = run(counting, [
    "1",
    "9007199254740991",
    "18446744073709551615n",
    "-1",
    "0.5",
    "18446744073709551616n",
  ]);
  assert.deepEqual(outcome.counters, { n: 18446744073709551615n + 9007199254740992n });
  assert.deepEqual(
    outcome.rejected.map(({ row }) => row),
    [3, 4, 5],
  );
});
