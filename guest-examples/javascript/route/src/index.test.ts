import assert from "node:assert/strict";
import { test } from "node:test";

import { run } from "@millstream/sdk/testing";

import route from "./index.js";

test("swipes go by their direction and other events nowhere", () => {
  const outcome = run(route, [
    '{"type":"swipe","direction":"right"}',
    '{"type":"message","direction":7}',
    '{"type":"swipe","direction":"left"}',
  ]);
  assert.equal(outcome.to("likes")[0].row, 0);
  assert.equal(outcome.to("passes")[0].row, 2);
  assert.deepEqual(outcome.dropped, [1]);
});

test("a swipe without a direction is rejected", () => {
  const outcome = run(route, ['{"type":"swipe"}', '{"type":"swipe","direction":"up"}']);
  assert.deepEqual(outcome.rejected, [
    { row: 0, code: "unknown-direction", reason: "the swipe has no direction" },
    { row: 1, code: "unknown-direction", reason: 'a swipe "up" is neither left nor right' },
  ]);
});

test("what is no event is rejected", () => {
  const outcome = run(route, ['{"type":"swipe"', '{"direction":"left"}', '{"type":1}']);
  assert.deepEqual(
    outcome.rejected.map(({ code }) => code),
    ["malformed-json", "missing-field", "wrong-type"],
  );
});
