/** The fields that tests see are those that a host takes out. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { type Field, boolean, decodeText, header, integer, key, number, raw, text, transform } from "@millstream/sdk";
import { type Input, run } from "@millstream/sdk/testing";

/** What a field of a record is: as text, or the code with which the host rejects it. */
function seen(field: Field<unknown>, input: Input): string {
  const shown = transform({ outputs: ["out"], fields: { field } }, ({ field: value }, out) => {
    out
      .emit("out")
      .value(value instanceof Uint8Array ? `raw ${decodeText(value)}` : Object.is(value, -0) ? "-0" : String(value));
  });
  const { emitted, rejected } = run(shown, [input]);
  return emitted[0]?.text ?? rejected[0].code;
}

test("a path leads through objects and arrays", () => {
  const value = ' {"a": {"b": [10, {"c": "x"}]}, "e/f": 1, "g~h": 2, "": 3, "\\u0061b": 4, "0": 5} ';
  const places = {
    "/a/b/0": "10",
    "/a/b/1/c": '"x"',
    "/e~1f": "1",
    "/g~0h": "2",
    "/": "3",
    "/ab": "4",
    "/0": "5",
    "": value,
  };
  for (const [path, found] of Object.entries(places)) assert.equal(seen(raw(path), value), `raw ${found}`, path);
  for (const path of ["/a/b/01", "/a/b/-", "/a/x", "/a/b/0/x"])
    assert.equal(seen(raw(path), value), "missing-field", path);
});

test("of members of one name the last counts, also where it lacks what an earlier one had", () => {
  assert.equal(seen(integer("/a"), '{"a":1,"a":2}'), "2");
  assert.equal(seen(integer("/a/b"), '{"a":{"b":1},"a":{"c":2}}'), "missing-field");
});

test("integers are those written as such that fit, exactly", () => {
  const integers = {
    "9223372036854775807": "9223372036854775807",
    "-9223372036854775808": "-9223372036854775808",
    "-0": "0",
  };
  for (const [json, value] of Object.entries(integers)) assert.equal(seen(integer("/a"), `{"a":${json}}`), value);
  for (const json of ["9223372036854775808", "1.0", "1e3", '"1"', "true", "[1]"]) {
    assert.equal(seen(integer("/a"), `{"a":${json}}`), "wrong-type", json);
    assert.equal(seen(integer("/a").lenient(), `{"a":${json}}`), "null", json);
  }
});

test("numbers are the closest there is, and text has no half characters", () => {
  assert.equal(seen(number("/a"), '{"a":9007199254740993}'), "9007199254740992");
  assert.equal(seen(number("/a"), '{"a":-0}'), "-0");
  assert.equal(seen(number("/a"), '{"a":1e999}'), "wrong-type");
  assert.equal(seen(text("/a"), '{"a":"\\ud83c\\udf0a\\n"}'), "🌊\n");
  assert.equal(seen(text("/a"), '{"a":"\\ud83c"}'), "wrong-type");
  assert.equal(seen(boolean("/a"), '{"a":false}'), "false");
});

test("what a record lacks is null or rejects it, as declared", () => {
  for (const value of ["{}", '{"a":null}']) {
    assert.equal(seen(text("/a"), value), "missing-field");
    assert.equal(seen(text("/a").nullable(), value), "null");
    assert.equal(seen(text("/a").lenient(), value), "null");
  }
  assert.equal(seen(text("/a").nullable(), '{"a":1}'), "wrong-type");
  const reason = run(
    transform({ outputs: ["out"], fields: { a: integer("/a") } }, () => {}),
    ['{"a": "x"}'],
  ).rejected[0].reason;
  assert.equal(reason, "`/a` of the value is not an integer of 64 bits (at byte 6)");
});

test("keys and headers are text as they stand", () => {
  const input = {
    key: "7",
    value: "not JSON",
    headers: [
      ["h", " 1.5"],
      ["b", "true"],
    ] as const,
  };
  assert.equal(seen(text(key()), input), "7");
  assert.equal(seen(integer(key()), input), "7");
  assert.equal(seen(number(header("h")), input), "1.5");
  assert.equal(seen(boolean(header("b")), input), "true");
  assert.equal(seen(text(header("none")), input), "missing-field");
  assert.equal(seen(text(key()), { key: Uint8Array.of(0xff) }), "wrong-type");
  assert.equal(seen(text(key("/a")), input), "missing-field");
});

test("all of a value has to be JSON, and the reason says where it is not", () => {
  const wrong: Record<string, string> = {
    "": "unexpected end at byte 0",
    '{"a":"x"': "unexpected end at byte 8",
    '{"a":"x",}': "expected a member's name at byte 9",
    '{"a" 1}': "expected `:` at byte 5",
    "[1 2]": "expected `,` or `]` at byte 3",
    "01": "trailing characters at byte 1",
    "1.": "unexpected end at byte 2",
    "-x": "expected a digit at byte 1",
    nul: "expected a value at byte 0",
    '"\t"': "control character in a string at byte 1",
    '"\\x"': "invalid escape at byte 2",
    '"\\u00g0"': "invalid escape at byte 5",
  };
  const fielded = transform({ outputs: ["out"], fields: { a: text("/a").lenient() } }, () => {});
  for (const [value, reason] of Object.entries(wrong)) {
    assert.deepEqual(run(fielded, [value]).rejected, [
      { row: 0, code: "malformed-json", reason: `the value is not JSON: ${reason}` },
    ]);
  }
  const deep = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  assert.deepEqual(
    run(fielded, [deep(128), deep(129)]).rejected.map(({ row }) => row),
    [1],
  );
  const notText = Uint8Array.of(0x22, 0x61, 0xff, 0x22);
  assert.equal(run(fielded, [notText]).rejected[0].reason, "the value is not JSON: invalid UTF-8 at byte 2");
});

test("rows keep their numbers where the host rejects some", () => {
  const outcome = run(
    transform({ outputs: ["out"], fields: { n: integer("/n") } }, ({ n }, out) => {
      if (n === 1n) throw new Error("one");
      if (n === 2n) out.forward("out");
    }),
    ["{", '{"n":1}', "{}", '{"n":2}', '{"n":3}'],
  );
  assert.deepEqual(
    outcome.emitted.map(({ row }) => row),
    [3],
  );
  assert.deepEqual(
    outcome.rejected.map(({ row, code }) => `${row} ${code}`),
    ["0 malformed-json", "1 error", "2 missing-field"],
  );
  assert.deepEqual(outcome.dropped, [4]);
});
