import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "@millstream/sdk/testing";

import filter from "./index.js";

test("events of the types to keep are kept as they are", () => {
  const inputs = ['{"type":"open"}', '{"type":"swipe","direction":"left"}', '{"type":"message"}'];
  const outcome = run(filter, inputs, { settings: { keep: "swipe, message" } });
  assert.deepEqual(outcome.dropped, [0]);
  assert.deepEqual(
    outcome.to("kept").map((event) => event.text),
    ['{"type":"swipe","direction":"left"}', '{"type":"message"}'],
  );
});

test("what is no event is rejected", () => {
  const outcome = run(filter, [{ value: null }, '{"type":"sw', '{"kind":"swipe"}', '{"type":7}']);
  assert.deepEqual(
    outcome.rejected.map(({ code }) => code),
    ["null-value", "malformed-json", "missing-field", "wrong-type"],
  );
});
