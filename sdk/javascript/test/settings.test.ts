import assert from "node:assert/strict";
import { test } from "node:test";

import { setting, transform } from "@millstream/sdk";
import { configure, run } from "@millstream/sdk/testing";

const declared = transform(
  {
    outputs: ["out"],
    settings: {
      name: setting.text("x"),
      minAge: setting.integer(18n),
      ratio: setting.number(0.5),
      strict: setting.boolean(false),
      keep: setting.list(["a"]),
      regions: setting.map(new Map()),
      side: setting.custom((text) => (text === "left" || text === "right" ? text : undefined), "left or right", "left"),
    },
  },
  (_, out, { name, minAge, ratio, strict, keep, regions, side }) => {
    out.emit("out").json([name, minAge, ratio, strict, keep, [...regions], side]);
  },
);

test("settings are what is set, and their defaults otherwise", () => {
  assert.equal(run(declared, ["x"]).emitted[0].text, '["x",18,0.5,false,["a"],[],"left"]');
  const settings = {
    name: " as it is ",
    "min-age": "-9223372036854775808",
    ratio: "1e3",
    strict: true,
    keep: " a , b",
    regions: "berlin = eu, boston=us = x",
    side: "right",
  };
  assert.equal(
    run(declared, ["x"], { settings }).emitted[0].text,
    '[" as it is ",-9223372036854775808,1000,true,["a","b"],[["berlin","eu"],["boston","us = x"]],"right"]',
  );
  assert.equal(
    run(declared, ["x"], { settings: { keep: "", regions: " ", name: "" } }).emitted[0].text,
    '["",18,0.5,false,[],[],"left"]',
  );
});

test("every wrong setting is named at once", () => {
  const settings = {
    "min-age": "x",
    ratio: "NaN",
    strict: "yes",
    regions: "a",
    side: "up",
    min_age: "1",
    unheard: "1",
  };
  assert.throws(() => configure(declared, { settings }), {
    message:
      "setting `min-age` is `x`, not an integer; setting `ratio` is `NaN`, not a number; setting `strict` is `yes`, not true or " +
      "false; setting `regions` is `a`, not a list `name = value, name = value`; setting `side` is `up`, not left or right; " +
      "there is no setting `min_age`: did you mean `min-age`?; there is no setting `unheard`: there are `name`, `min-age`, " +
      "`ratio`, `strict`, `keep`, `regions`, `side`",
  });
});

test("a setting without a default must be set", () => {
  const required = transform({ outputs: ["out"], settings: { limit: setting.integer() } }, () => {});
  assert.throws(() => configure(required), { message: "setting `limit` is missing: it is an integer" });
  assert.throws(() => configure(required, { settings: { limit: "9223372036854775808" } }), /setting `limit` is/);
});

test("a transform without settings refuses each", () => {
  const none = transform({ outputs: ["out"] }, () => {});
  assert.throws(() => configure(none, { settings: { a: 1 } }), {
    message: "there is no setting `a`: this transform has none",
  });
});
