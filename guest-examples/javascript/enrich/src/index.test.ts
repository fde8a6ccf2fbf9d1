import assert from "node:assert/strict";
import { test } from "node:test";

import { configure, run } from "@millstream/sdk/testing";

import enrich from "./index.js";

test("region and hour are added and the rest stays", () => {
  const value = '{"at":1764000000123,"country":"GB"}';
  const outcome = run(enrich, [{ key: "k", value, headers: [["trace", "1"]] }, '{"at":0,"country":"ZZ"}'], {
    settings: { regions: "GB = europe, BR = latin-america" },
  });
  const [event, other] = outcome.emitted;
  assert.equal(event.text, '{"at":1764000000123,"country":"GB","region":"europe","hour":16}');
  assert.equal(event.keyText, "k");
  assert.deepEqual([event.header("trace"), event.header("region")], ["1", "europe"]);
  assert.deepEqual(other.json(), { at: 0, country: "ZZ", region: "elsewhere", hour: 0 });
});

test("the hour of a time before 1970 is an hour", () => {
  const outcome = run(enrich, ['{"country":"GB","at":-1}']);
  assert.equal(outcome.emitted[0].json<{ hour: number }>().hour, 23);
});

test("events without country or time are rejected", () => {
  const outcome = run(enrich, ['{"at":1}', '{"country":"GB","at":"now"}', "{", { value: null }]);
  assert.deepEqual(
    outcome.rejected.map(({ code }) => code),
    ["missing-field", "wrong-type", "malformed-json", "null-value"],
  );
});

test("regions that are no pairs are refused", () => {
  assert.throws(() => configure(enrich, { settings: { regions: "GB" } }), {
    message: "setting `regions` is `GB`, not a list `name = value, name = value`",
  });
});
