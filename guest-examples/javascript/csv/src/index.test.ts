import assert from "node:assert/strict";
import { test } from "node:test";

import { configure, run } from "@millstream/sdk/testing";

import csv from "./index.js";

const settings = { columns: "id:integer, customer, price:number, paid:boolean" };

test("every line becomes an object", () => {
  const value = '7,"Smith, ""A""",9.50,true\r\n\r\n8,"",,';
  const { emitted } = run(csv, [{ key: "k", value }], { settings });
  assert.deepEqual(
    emitted.map(({ text }) => text),
    [
      '{"id":7,"customer":"Smith, \\"A\\"","price":9.50,"paid":true}',
      '{"id":8,"customer":"","price":null,"paid":null}',
    ],
  );
  assert.equal(emitted[1].keyText, "k");
});

test("a wrong line rejects its whole record", () => {
  const outcome = run(csv, ["1,Ann,2,true\n\n2,Bo,abc,true\n", "\n"], { settings });
  assert.deepEqual(outcome.emitted, []);
  assert.deepEqual(outcome.rejected, [
    { row: 0, code: "wrong-type", reason: 'line 2: price is "abc", not a number' },
  ]);
  assert.deepEqual(outcome.dropped, [1]);
});

test("characters that mean something in patterns are delimiters like others", () => {
  for (const delimiter of ["^", "-", "]", "\\", "|", ".", "d", " "]) {
    const outcome = run(csv, [`1${delimiter}a"`, `1${delimiter}"${delimiter}"`], {
      settings: { columns: "id:integer, note", delimiter },
    });
    assert.equal(outcome.rejected[0].code, "malformed-csv");
    assert.deepEqual(outcome.emitted[0].json(), { id: 1, note: delimiter });
  }
});

test("columns that are none are refused", () => {
  const refused = {
    "id, day:date": "setting `columns`: `day` is of the type `date`, not text, integer, number or boolean",
    "id, :text": "setting `columns`: a column has no name",
    "id, a, id:text": "setting `columns`: two columns are called `id`",
    "": "setting `columns` names no column",
  };
  for (const [columns, message] of Object.entries(refused)) {
    assert.throws(() => configure(csv, { settings: { columns } }), { message });
  }
  assert.throws(() => configure(csv), { message: /^setting `columns` is missing/ });
});

test("a delimiter is one ASCII character", () => {
  for (const delimiter of ["", ";;", '"', "\n", "\r", "é"]) {
    assert.throws(() => configure(csv, { settings: { columns: "id", delimiter } }), {
      message: `setting \`delimiter\` is \`${delimiter}\`, not \`tab\` or one ASCII character other than a quote or a line break`,
    });
  }
});
