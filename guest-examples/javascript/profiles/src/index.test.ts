import assert from "node:assert/strict";
import { test } from "node:test";

import { type Outcome, run } from "@millstream/sdk/testing";

import profiles from "./index.js";

const tables = {
  profiles: {
    ann: '{"name":"Ann","age":31,"country":"GB"}',
    quoted: String.raw`{"name":"\"Zoë\"\t<3","age":27}`,
    "no-age": '{"name":"Ben"}',
    "no-name": '{"name":7,"age":40}',
    neither: '{"country":"GB"}',
    odd: '{"name":7,"age":"31"}',
  },
};

function values(outcome: Outcome, output: string): (string | null)[] {
  return outcome.to(output).map(({ text }) => text);
}

test("the profile is added and the rest stays", () => {
  const value = '{"target":"ann","direction":"right"}';
  const outcome = run(profiles, [{ key: "k", value, headers: [["trace", "1"]] }, '{ "target": "quoted" }'], { tables });
  assert.deepEqual(values(outcome, "joined"), [
    '{"target":"ann","direction":"right","profile":{"name":"Ann","age":31}}',
    String.raw`{ "target": "quoted" ,"profile":{"name":"\"Zoë\"\t<3","age":27}}`,
  ]);
  const [event] = outcome.emitted;
  assert.equal(event.keyText, "k");
  assert.equal(event.header("trace"), "1");
  assert.equal(outcome.counters["unknown_profiles"], 0n);
});

test("what is not known of a person is left out", () => {
  const outcome = run(profiles, ['{"target":"no-age"}', '{"target":"no-name"}'], { tables });
  assert.deepEqual(values(outcome, "joined"), [
    '{"target":"no-age","profile":{"name":"Ben"}}',
    '{"target":"no-name","profile":{"age":40}}',
  ]);
});

test("swipes of unknown people stay as they are and are counted", () => {
  const swipes = ['{"target":"nobody"}', '{ "target": "neither" }', '{"target":"odd"}'];
  const outcome = run(profiles, swipes, { tables });
  assert.deepEqual(values(outcome, "unknown"), swipes);
  assert.equal(outcome.counters["unknown_profiles"], 3n);
});

test("swipes without a target are rejected", () => {
  const outcome = run(profiles, ["{}", '{"target":7}', '{"target":', { value: null }]);
  assert.deepEqual(
    outcome.rejected.map(({ code }) => code),
    ["missing-field", "wrong-type", "malformed-json", "null-value"],
  );
});
