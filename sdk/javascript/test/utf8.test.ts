/** The coder for engines that have none has to agree with Node's. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeLossy, decodeText, encodeText } from "@millstream/sdk";
import { QUICKJS, cut, latin1, validUpTo } from "#dist/utf8.js";
import { areAscii } from "#dist/bytes.js";

const TEXTS = [
  "",
  "plain",
  "grüß",
  "\ufeffmarked",
  "🌊".repeat(20),
  "\0\x7f\x80\u07ff\u0800\uffff",
  "%41%",
  "a".repeat(5000) + "é",
];

test("text goes to bytes and back", () => {
  for (const text of TEXTS) {
    const bytes = new TextEncoder().encode(text);
    for (const coder of [QUICKJS, { decode: decodeText, encode: encodeText }]) {
      assert.deepEqual(coder.encode(text), bytes);
      assert.equal(coder.decode(bytes), text);
    }
    assert.equal(validUpTo(bytes), bytes.length);
    assert.equal(decodeLossy(bytes), text);
  }
  assert.deepEqual(QUICKJS.encode("a\ud800b"), new TextEncoder().encode("a\ufffdb"));
});

const BROKEN = [
  [0xff],
  [0x61, 0x80],
  [0xc3],
  [0xc0, 0xaf],
  [0xe0, 0x80, 0x80],
  [0xed, 0xa0, 0x80],
  [0xe2, 0x82, 0x61],
  [0xf0, 0x9f, 0x8c],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80],
  [0x61, 0xf0, 0x9f, 0x61, 0xc3, 0xa9, 0xe2],
];

test("what is no text is refused, and becomes what a decoder makes of it where that is asked for", () => {
  for (const numbers of BROKEN) {
    const bytes = Uint8Array.from(numbers);
    assert.throws(() => decodeText(bytes), /invalid UTF-8 at byte/);
    assert.throws(() => QUICKJS.decode(bytes));
    assert.equal(decodeLossy(bytes), new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  }
  assert.throws(() => decodeText(Uint8Array.of(0x61, 0xc3, 0xa9, 0xff)), {
    message: "the bytes are not text: invalid UTF-8 at byte 3",
  });
});

test("bytes become characters one by one", () => {
  const bytes = Uint8Array.from({ length: 10_000 }, (_, i) => i);
  assert.equal(latin1(bytes), Buffer.from(bytes).toString("latin1"));
});

test("ASCII is told from the rest, wherever it lies", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = new Uint8Array(length + 3).fill(0x7f);
    for (let start = 0; start < 3; start++) {
      const view = bytes.subarray(start, start + length);
      assert.ok(areAscii(view));
      for (let at = 0; at < length; at++) {
        view[at] = 0x80;
        assert.ok(!areAscii(view), `${start} ${at} ${length}`);
        view[at] = 0x7f;
      }
    }
  }
});

test("a text is cut between characters", () => {
  assert.equal(cut("ä".repeat(1000), 1024), "ä".repeat(512));
  assert.equal(cut(`a${"ä".repeat(1000)}`, 1024), `a${"ä".repeat(511)}`);
  assert.equal(cut("abc", 3), "abc");
});
