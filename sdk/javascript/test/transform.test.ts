import assert from "node:assert/strict";
import { test } from "node:test";

import {
  Failure,
  PermanentFailure,
  Reject,
  TransientFailure,
  boolean,
  decodeText,
  header,
  integer,
  key,
  log,
  lookup,
  number,
  raw,
  setting,
  text,
  transform,
  transformColumns,
} from "@millstream/sdk";
import { configure, run } from "@millstream/sdk/testing";

test("a record sees what the transform reads, and null differs from empty", () => {
  const seen: unknown[] = [];
  const all = transform(
    { outputs: ["out"], reads: ["keys", "values", "headers", "timestamps", "offsets"] },
    (record) => {
      const { key, value, headers, timestamp, offset, topic, partition, row } = record;
      seen.push([key, value, headers, timestamp, offset, topic, partition, row, record.header("h")]);
    },
  );
  const headers = [
    ["h", "1"],
    ["h", null],
    ["i", ""],
  ] as const;
  run(
    all,
    [
      { key: "", value: null, headers, timestamp: -1 },
      { key: null, value: "é", offset: (1n << 62n) + 1n },
    ],
    {
      topic: "t",
      partition: 3,
    },
  );
  const bytes = (...bytes: number[]) => Uint8Array.from(bytes);
  assert.deepEqual(seen, [
    [
      bytes(),
      null,
      [
        ["h", bytes(0x31)],
        ["h", null],
        ["i", bytes()],
      ],
      -1n,
      0n,
      "t",
      3,
      0,
      null,
    ],
    [null, bytes(0xc3, 0xa9), [], 0n, (1n << 62n) + 1n, "t", 3, 1, null],
  ]);
});

test("the value is text or JSON, and what is neither is rejected", () => {
  const asText = transform({ outputs: ["out"], reads: ["values"] }, (record, out) =>
    out.emit("out").value(`<${record.text()}>`),
  );
  const outcome = run(asText, ["ä", { value: null }, Uint8Array.of(0x61, 0xff)]);
  assert.deepEqual(
    outcome.emitted.map((record) => record.text),
    ["<ä>"],
  );
  assert.deepEqual(outcome.rejected, [
    { row: 1, code: "null-value", reason: "the record has no value" },
    { row: 2, code: "invalid-utf8", reason: "the value is not text: invalid UTF-8 at byte 1" },
  ]);
  const asJson = transform({ outputs: ["out"], reads: ["values"] }, (record, out) => {
    out.emit("out").json({ twice: record.json<{ n: number }>().n * 2 });
  });
  const other = run(asJson, ['{"n":4}', '{"n":']);
  assert.equal(other.emitted[0].text, '{"twice":8}');
  assert.equal(other.rejected[0].code, "malformed-json");
});

test("JSON that would exhaust the stack is rejected, and brackets in texts are none", () => {
  const parsing = transform({ outputs: ["out"], reads: ["values"] }, (record) => void record.json());
  const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
  const text = JSON.stringify(['"\\[{'.repeat(2000)]);
  const outcome = run(parsing, [
    nested(1000),
    nested(1001),
    `${"[".repeat(100_000)}`,
    text,
    `[${"[],".repeat(5000)}1]`,
  ]);
  assert.deepEqual(
    outcome.rejected.map(({ row, code, reason }) => [row, code, reason]),
    [
      [1, "malformed-json", "the value is not JSON: nested too deeply"],
      [2, "malformed-json", "the value is not JSON: nested too deeply"],
    ],
  );
  assert.deepEqual(outcome.dropped, [0, 3, 4]);
});

test("fields have their types, and null where they may", () => {
  const seen: unknown[] = [];
  const fields = transform(
    {
      outputs: ["out"],
      fields: {
        name: text("/name"),
        count: integer("/count").nullable(),
        ratio: number("/ratio").nullable(),
        open: boolean("/open").nullable(),
        rest: raw("/rest").nullable(),
        odd: integer("/odd").lenient(),
        user: text(key()).lenient(),
        id: integer(key("/id")).lenient(),
        trace: text(header("trace")).nullable(),
      },
    },
    ({ name, count, ratio, open, rest, odd, user, id, trace }) => {
      const length: number = name.length;
      const sum: bigint = count ?? 0n;
      seen.push([name, length, sum, ratio, open, rest && decodeText(rest), odd, user, id, trace]);
    },
  );
  run(fields, [
    {
      key: '{"id":7}',
      value:
        '{"name":"gr\\u00fc\\u00df","count":9007199254740993,"ratio":0.5,"open":true,"rest":[1, 2],"odd":1,"odd":"x"}',
      headers: [
        ["trace", "a"],
        ["trace", "b"],
      ],
    },
    { key: "{}", value: '{"name":"x"}' },
  ]);
  assert.deepEqual(seen, [
    ["grüß", 4, 9007199254740993n, 0.5, true, "[1, 2]", null, '{"id":7}', 7n, "b"],
    ["x", 1, 0n, null, null, null, null, "{}", null, null],
  ]);
});

test("a record without a value is rejected where a field of it is required, unless it is asked for", () => {
  const required = transform({ outputs: ["out"], fields: { name: text("/name") } }, (_, out) => out.forward("out"));
  assert.deepEqual(run(required, [{ key: "k" }, '{"name":"x"}']).rejected, [
    { row: 0, code: "null-value", reason: "the record has no value" },
  ]);
  const names: (string | null)[] = [];
  const asked = transform(
    { outputs: ["out"], nullValues: true, fields: { name: text("/name") } },
    ({ name }) => void names.push(name),
  );
  assert.deepEqual(run(asked, [{ key: "k" }]).dropped, [0]);
  const nullable = transform(
    { outputs: ["out"], fields: { name: text("/name").nullable() } },
    ({ name }) => void names.push(name),
  );
  assert.deepEqual(run(nullable, [{ key: "k" }]).dropped, [0]);
  assert.deepEqual(names, [null, null]);
});

test("what is thrown rejects the record, and takes back what was emitted for it", () => {
  const throwing = transform(
    { outputs: ["a", "b"], counters: ["seen"], fields: { what: text("/what") } },
    ({ what }, out) => {
      out.forward("a");
      out.emit("b").key("x").header("h", "1");
      out.count("seen");
      if (what === "reject") throw new Reject("Bad Thing", "because");
      if (what === "error") throw new Error("outer", { cause: new TypeError("inner") });
      if (what === "text") throw "just a text";
      if (what === "drop") out.drop();
    },
  );
  const outcome = run(
    throwing,
    ["reject", "error", "text", "drop", "keep"].map((what) => ({ json: { what } })),
  );
  assert.deepEqual(outcome.rejected, [
    { row: 0, code: "bad-thing", reason: "because" },
    { row: 1, code: "error", reason: "outer: inner" },
    { row: 2, code: "error", reason: "just a text" },
  ]);
  assert.deepEqual(outcome.dropped, [3]);
  assert.deepEqual(
    outcome.emitted.map(({ row, output, keyText }) => [row, output, keyText]),
    [
      [4, "a", null],
      [4, "b", "x"],
    ],
  );
  assert.deepEqual(outcome.counters, { seen: 5n });
});

test("failures fail the batch, and nothing of it counts", () => {
  const failing = transform({ outputs: ["out"], counters: ["seen"], reads: ["values"] }, (record, out) => {
    out.count("seen");
    throw record.text() === "later" ? Failure.transient("away") : Failure.permanent("broken");
  });
  const later = run(failing, ["later"]);
  assert.deepEqual([later.failure, later.counters], [{ kind: "transient", reason: "away" }, { seen: 0n }]);
  assert.deepEqual(run(failing, ["x"]).failure, { kind: "permanent", reason: "broken" });
  assert.ok(Failure.transient("x") instanceof TransientFailure && Failure.permanent("x") instanceof PermanentFailure);
});

test("a function that waits is refused", () => {
  assert.throws(() => transform({ outputs: ["out"] }, async () => {}), /must not be async/);
  const promising = transform({ outputs: ["out"] }, () => Promise.resolve() as unknown as void);
  assert.equal(run(promising, ["x"]).failure?.kind, "permanent");
});

test("reading what was not declared fails loudly where types do not help", () => {
  const blind = transform({ outputs: ["out"] }, (record) => void (record as { value?: unknown }).value);
  assert.equal(
    run(blind, ["x"]).failure?.reason,
    '`record.value` is not read: add "values" to the transform\'s `reads`',
  );
  const lost = transform({ outputs: ["out"] }, (_, out) => out.forward("elsewhere" as "out"));
  assert.equal(run(lost, ["x"]).rejected[0].reason, "there is no output `elsewhere`: there are `out`");
});

test("declarations that cannot be are refused", () => {
  const none = () => {};
  assert.throws(() => transform({ outputs: [] }, none), /at least one output/);
  assert.throws(() => transform({ outputs: ["A"] }, none), /the output `A`/);
  assert.throws(() => transform({ outputs: ["a", "a"] }, none), /declared twice/);
  assert.throws(
    () => transform({ outputs: ["a"], fields: { key: text("/key") } }, none),
    /a field cannot be called `key`/,
  );
  const by = lookup("users", { by: "id" });
  assert.throws(() => transform({ outputs: ["a"], tables: ["users"], lookups: { by } }, none), /add it to `fields`/);
  const odd = { fields: { id: boolean("/id") }, tables: ["users"], lookups: { by } } as const;
  assert.throws(() => transform({ outputs: ["a"], ...odd }, none), /which is no key/);
  assert.throws(
    () => transform({ outputs: ["a"], fields: { id: text("id") } }, none),
    /the path `id` has to be empty or start with `\/`/,
  );
  assert.throws(() => transform({ outputs: ["a"], fields: { id: text("/a~2") } }, none), /write `~0`/);
  // @ts-expect-error the table is not declared
  assert.throws(() => transform({ outputs: ["a"], lookups: { user: lookup("users") } }, none), /add it to `tables`/);
  // @ts-expect-error there is no such part
  assert.throws(() => transform({ outputs: ["a"], reads: ["value"] }, none), /`reads` names `value`/);
});

test("lookups and tables have what the test puts into them", () => {
  const joined = transform(
    {
      outputs: ["out"],
      tables: ["users"],
      fields: { id: integer("/id") },
      lookups: { whole: lookup("users"), name: lookup("users", { by: "id", take: text("/name").lenient() }) },
    },
    (record, out, _, tables) => {
      const got = tables.get("users", "u");
      const column = tables.getAll("users", ["u", null, "nobody"]);
      const name: string | null = record.name;
      out
        .emit("out")
        .json([
          record.whole && decodeText(record.whole),
          name,
          got && decodeText(got),
          column.text(0),
          column.get(1),
          column.get(2),
        ]);
    },
  );
  const outcome = run(joined, [{ key: "u", json: { id: 7 } }, { json: { id: 8 } }], {
    tables: { users: { u: "U", 7: '{"name":"Ann"}' } },
  });
  assert.deepEqual(
    outcome.emitted.map((record) => record.json()),
    [
      ["U", "Ann", "U", "U", null, null],
      [null, null, "U", "U", null, null],
    ],
  );
});

test("a looked-up value that is not what is wanted rejects the record", () => {
  const lookups = { name: lookup("users", { take: text("/name") }) };
  const joined = transform({ outputs: ["out"], tables: ["users"], lookups }, (_, out) => out.forward("out"));
  const outcome = run(joined, [{ key: "a" }, { key: "b" }, { key: "none" }], {
    tables: { users: { a: "{", b: '{"name":1}' } },
  });
  assert.deepEqual(outcome.rejected, [
    {
      row: 0,
      code: "malformed-json",
      reason: "looked up in the table `users`: the value is not JSON: unexpected end at byte 1",
    },
    {
      row: 1,
      code: "wrong-type",
      reason: "looked up in the table `users`: `/name` of the value is not a text (at byte 8)",
    },
  ]);
  assert.equal(outcome.emitted[0].row, 2);
});

test("columns are seen as they lie, and rows are emitted and rejected by number", () => {
  const columns = transformColumns(
    { outputs: ["a", "b"], reads: ["keys", "values", "timestamps"], fields: { n: integer("/n") }, counters: ["rows"] },
    (batch, plan) => {
      plan.count("rows", batch.length);
      for (let row = 0; row < batch.length; row++) {
        const n = batch.fields.n.get(row);
        if (n === null) plan.reject(row, "none", `row ${row} has none`);
        else if (n > 1n)
          plan
            .emit(row, "b")
            .key(batch.values.text(row))
            .timestamp(batch.timestamps[row] + 1n);
        else plan.forward(row, "a");
      }
    },
  );
  const outcome = run(columns, [{ json: { n: 1 } }, { json: { n: 2 }, timestamp: 5 }, { key: "k" }]);
  assert.deepEqual(
    outcome.emitted.map(({ row, output, keyText, timestamp }) => [row, output, keyText, timestamp]),
    [
      [0, "a", null, 0n],
      [1, "b", '{"n":2}', 6n],
    ],
  );
  assert.deepEqual(outcome.rejected, [{ row: 2, code: "none", reason: "row 2 has none" }]);
  assert.deepEqual(outcome.counters, { rows: 3n });
});

test("a plan that cannot be fails the batch", () => {
  const both = transformColumns({ outputs: ["out"] }, (_, plan) => {
    plan.forward(0, "out");
    plan.reject(0, "bad", "");
  });
  assert.match(run(both, ["x", "y"]).failure?.reason ?? "", /row 0 is both emitted and rejected/);
  const beyond = transformColumns({ outputs: ["out"] }, (batch, plan) => plan.forward(batch.length, "out"));
  assert.deepEqual(run(beyond, ["x"]).failure, {
    kind: "permanent",
    reason: "there is no row 1: the batch has 1, counted from 0",
  });
});

test("an error of the columns face is permanent", () => {
  const broken = transformColumns({ outputs: ["out"] }, () => {
    throw new Reject("bad", "which row?");
  });
  assert.deepEqual(run(broken, ["x"]).failure, { kind: "permanent", reason: "bad: which row?" });
});

test("what is made of the settings is made once, and its errors refuse the deployment", () => {
  let made = 0;
  const stateful = transform(
    {
      outputs: ["out"],
      settings: { blocked: setting.list() },
      init: ({ blocked }) => {
        made++;
        if (blocked.length === 0) throw new Error("`blocked` names nobody");
        return new Set(blocked);
      },
      reads: ["values"],
    },
    (record, out, blocked) => {
      if (!blocked.has(record.text())) out.forward("out");
    },
  );
  assert.deepEqual(run(stateful, ["a", "b", "c"], { settings: { blocked: "a, c" } }).dropped, [0, 2]);
  assert.equal(made, 1);
  assert.throws(() => configure(stateful, { settings: { blocked: "" } }), { message: "`blocked` names nobody" });
});

test("a long line is cut between characters", () => {
  const logging = transform({ outputs: ["out"] }, () => {
    log.info("ä".repeat(100_000));
    log.info(`a${"ä".repeat(100_000)}`);
    log.info(`${"a".repeat(65_535)}🌊`);
    log.info(`${"a".repeat(65_532)}🌊b`);
    log.info("\ud800".repeat(100_000));
  });
  assert.deepEqual(
    run(logging, ["x"]).logs.map(({ message }) => message),
    [
      "ä".repeat(32_768),
      `a${"ä".repeat(32_767)}`,
      "a".repeat(65_535),
      `${"a".repeat(65_532)}🌊`,
      "\ufffd".repeat(21_845),
    ],
  );
});

test("lines are kept with their level", () => {
  const logging = transform({ outputs: ["out"] }, () => {
    log.debug("one");
    log.error("half a pair: \ud800");
  });
  assert.deepEqual(run(logging, ["x"]).logs, [
    { level: "debug", message: "one" },
    { level: "error", message: "half a pair: \ufffd" },
  ]);
});
