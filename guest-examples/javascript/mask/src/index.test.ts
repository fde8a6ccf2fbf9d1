import assert from "node:assert/strict";
import { test } from "node:test";

import { configure, run } from "@millstream/sdk/testing";

import mask from "./index.js";

const BOTH = '{"to":"ann@example.com","paid":"by 4111 1111 1111 1111","at":4111111111111111}';

test("what is personal in strings is masked and counted", () => {
  const outcome = run(mask, [{ key: "ann@example.com", value: BOTH }]);
  const [event] = outcome.to("masked");
  assert.equal(event.text, '{"to":"***@example.com","paid":"by **** **** **** 1111","at":4111111111111111}');
  assert.equal(event.keyText, "ann@example.com");
  assert.deepEqual(outcome.counters, { emails: 1n, cards: 1n });
});

test("a record with nothing to mask goes on as it is", () => {
  const plain = '{ "to": "ann at example.com" }';
  const outcome = run(mask, [{ value: null }, plain]);
  assert.deepEqual(
    outcome.emitted.map(({ text }) => text),
    [null, plain],
  );
});

test("only what the setting names is masked", () => {
  const outcome = run(mask, [BOTH], { settings: { mask: "card" } });
  assert.match(outcome.emitted[0].text ?? "", /ann@example\.com/);
  assert.deepEqual(outcome.counters, { emails: 0n, cards: 1n });
});

test("a value that ends within a string is rejected and not counted", () => {
  const outcome = run(mask, ['{"to":"ann@example.com","from":"bob\\"']);
  assert.deepEqual(outcome.rejected, [{ row: 0, code: "malformed-json", reason: "the value ends within a string" }]);
  assert.equal(outcome.counters.emails, 0n);
});

test("what cannot be masked is refused", () => {
  assert.throws(() => configure(mask, { settings: { mask: "email, phone" } }), {
    message: "setting `mask` names `phone`: there are `email` and `card`",
  });
});

test("long texts take no longer than their length asks for", () => {
  for (const text of ["a", "a@", "a.", "1 ", "\\n"].map((part) => part.repeat(500_000))) {
    assert.equal(run(mask, [`{"text":"${text}@"}`]).emitted[0].text, `{"text":"${text}@"}`);
  }
});
