/** The conformance guest (../README.md): an interpreter, whose programs are in the records. */

import {
  type Content,
  type Emission,
  Failure,
  Reject,
  boolean,
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
} from "@millstream/sdk";

import { bytes, bytesOrNull, plain, word } from "./words.js";

type Output = "a" | "b" | "c";
type Counter = "seen" | "asked";
type Table = "users" | "names";
type Level = "debug" | "info" | "warn" | "error";

export default transform(
  {
    reads: ["keys", "values", "headers", "timestamps", "offsets"],
    outputs: ["a", "b", "c"],
    counters: ["seen", "asked"],
    tables: ["users", "names"],
    fields: {
      program: text("/do").nullable(),
      aText: text("/text").nullable(),
      anInteger: integer("/integer").nullable(),
      aNumber: number("/number").nullable(),
      aBoolean: boolean("/boolean").nullable(),
      aRaw: raw("/raw").nullable(),
      aLenient: integer("/lenient").lenient(),
      theKey: text(key()).lenient(),
      theHeader: text(header("h")).lenient(),
    },
    lookups: {
      byKey: lookup("users"),
      itsName: lookup("users", { by: "aText", take: text("/name").lenient() }),
      byNumber: lookup("names", { by: "anInteger" }),
    },
    settings: {
      greeting: setting.text("hello"),
      limit: setting.integer(7n),
      strict: setting.boolean(false),
    },
  },
  (record, out, settings, tables) => {
    if (record.value === null) return out.forward("a");
    if (record.program === null) throw new Reject("no-program", "the record says nothing");
    for (const line of record.program.split("\n")) {
      const [instruction, ...words] = line.split(" ");
      switch (instruction) {
        case "forward":
          out.forward(words[0] as Output);
          break;
        case "emit":
          change(out.emit(words[0] as Output), words.slice(1));
          break;
        case "drop":
          out.drop();
          break;
        case "reject":
          throw new Reject(plain(words[0]), rest(words, 1));
        case "fail":
          throw words[0] === "transient" ? Failure.transient(rest(words, 1)) : Failure.permanent(rest(words, 1));
        case "count":
          out.count(words[0] as Counter, BigInt(words[1]));
          break;
        case "log":
          log[words[0] as Level](rest(words, 1));
          break;
        case "get":
          out.emit("a").value(tables.get(words[0] as Table, bytesOrNull(words[1])));
          break;
        case "show":
          out.emit("a").value(shown(words));
          break;
        default:
          throw new Reject("unknown-instruction", plain(instruction));
      }
    }

    function shown([what, name]: string[]): Content {
      switch (what) {
        case "key":
          return record.key;
        case "value":
          return record.value;
        case "timestamp":
          return String(record.timestamp);
        case "offset":
          return String(record.offset);
        case "partition":
          return String(record.partition);
        case "topic":
          return record.topic;
        case "headers":
          return record.headers.map(([name, value]) => `${name}=${word(value)}`).join("\n");
        case "last":
          return record.header(plain(name));
        case "field":
          return field(name);
        case "lookup":
          return lookedUp(name);
        case "setting":
          return String(settings[name as keyof typeof settings]);
        default:
          throw new Reject("unknown-instruction", "show");
      }
    }

    function lookedUp(name: string): Content {
      if (name === "by-key") return record.byKey;
      return name === "name" ? record.itsName : record.byNumber;
    }

    function field(name: string): Content {
      const fields: Record<string, Content | bigint | number | boolean> = {
        do: record.program,
        text: record.aText,
        integer: record.anInteger,
        number: record.aNumber,
        boolean: record.aBoolean,
        raw: record.aRaw,
        lenient: record.aLenient,
        key: record.theKey,
        header: record.theHeader,
      };
      const value = fields[name];
      if (typeof value === "number") {
        const view = new DataView(new ArrayBuffer(8));
        view.setFloat64(0, value);
        return view.getBigUint64(0).toString(16).padStart(16, "0");
      }
      return typeof value === "bigint" || typeof value === "boolean" ? String(value) : value;
    }
  },
);

/** What the other words of `emit` say. */
function change(emission: Emission, words: string[]): void {
  const headers: [string, Content][] = [];
  if (words.some((word) => word === "headers" || word.startsWith("set:"))) {
    for (const [name, value] of words.filter((word) => word.startsWith("set:")).map((word) => pair(word.slice(4)))) {
      headers.push([plain(name), bytesOrNull(value)]);
    }
    emission.headers(headers);
  }
  for (const word of words) {
    const [what, value] = pair(word);
    if (what === "key") emission.key(bytesOrNull(value));
    else if (what === "value") emission.value(bytesOrNull(value));
    else if (what === "timestamp") emission.timestamp(BigInt(value));
    else if (what === "partition") emission.partition(Number(value));
    else if (what.startsWith("add:")) emission.header(plain(what.slice(4)), value === "~" ? null : bytes(value));
  }
}

/** A reason or a text: the rest of the line, spaces included. */
function rest(words: string[], from: number): string {
  return plain(words.slice(from).join(" "));
}

/** What is before and after the first `=`. */
function pair(word: string): [string, string] {
  const at = word.indexOf("=");
  return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
}
