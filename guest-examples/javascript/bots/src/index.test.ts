import assert from "node:assert/strict";
import { test } from "node:test";

import { type Outcome, run } from "@millstream/sdk/testing";

import bots from "./index.js";

const tables = {
  sessions: {
    clear: '{"bot-score":0.97}',
    close: '{"bot-score":0.9}',
    human: '{"bot-score":0.89}',
    new: '{"country":"GB"}',
    odd: '{"bot-score":"high"}',
  },
};

function rows(outcome: Outcome, output: string): number[] {
  return outcome.to(output).map(({ row }) => row);
}

test("events go by the score of their session", () => {
  const outcome = run(bots, ['{"session":"clear"}', '{"session":"close"}', '{"session":"human"}'], { tables });
  assert.deepEqual(rows(outcome, "bots"), [0, 1]);
  assert.deepEqual(rows(outcome, "humans"), [2]);
  assert.equal(outcome.counters["unknown_sessions"], 0n);
});

test("sessions without a score are humans and counted", () => {
  const outcome = run(bots, ['{"session":"nobody"}', '{"session":"new"}', '{"session":"odd"}'], { tables });
  assert.deepEqual(rows(outcome, "humans"), [0, 1, 2]);
  assert.equal(outcome.counters["unknown_sessions"], 3n);
});

test("the limit is a setting", () => {
  const outcome = run(bots, ['{"session":"clear"}', '{"session":"close"}'], { tables, settings: { limit: 0.95 } });
  assert.deepEqual(rows(outcome, "bots"), [0]);
  assert.deepEqual(rows(outcome, "humans"), [1]);
});

test("events without a session are rejected", () => {
  const outcome = run(bots, ["{}", '{"session":7}', '{"session":', { value: null }]);
  assert.deepEqual(
    outcome.rejected.map(({ code }) => code),
    ["missing-field", "wrong-type", "malformed-json", "null-value"],
  );
});
