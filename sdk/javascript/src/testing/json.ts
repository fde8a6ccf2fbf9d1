/**
 * JSON with the place of every value: `JSON.parse` loses the digits of integers, the text of raw fields, and where a mistake is.
 * What is JSON is what the host takes for it: RFC 8259 in UTF-8, nested at most 128 deep.
 */

import { validUpTo } from "../utf8.js";

/** A value, and where it stands: from byte `start` to byte `end`. */
export interface Node {
  readonly start: number;
  readonly end: number;
  /** Of an object; of members of one name the last counts. */
  readonly members?: ReadonlyMap<string, Node>;
  /** Of an array. */
  readonly elements?: readonly Node[];
}

const DEEPEST = 128;

/** Where a text is not JSON. */
export class Malformed extends Error {}

/** Reads all of a text as one value. Throws {@link Malformed}. */
export function parse(bytes: Uint8Array): Node {
  const reader = new Reader(bytes);
  const node = reader.document();
  const valid = validUpTo(bytes);
  if (valid !== bytes.length) throw new Malformed(`invalid UTF-8 at byte ${valid}`);
  return node;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

class Reader {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(private readonly bytes: Uint8Array) {
    // One character a byte, for regular expressions; names are decoded from their bytes.
    this.text = Buffer.from(bytes).toString("latin1");
  }

  document(): Node {
    this.space();
    const node = this.value();
    this.space();
    if (this.at !== this.bytes.length) this.wrong("trailing characters");
    return node;
  }

  private wrong(what: string): never {
    throw new Malformed(`${this.at >= this.bytes.length ? "unexpected end" : what} at byte ${this.at}`);
  }

  private peek(): string {
    return this.text.charAt(this.at);
  }

  private space(): void {
    while (/^[ \n\r\t]$/.test(this.peek())) this.at++;
  }

  private value(): Node {
    const start = this.at;
    switch (this.peek()) {
      case "{":
        return this.within(() => this.object(start));
      case "[":
        return this.within(() => this.array(start));
      case QUOTE_TEXT:
        this.string();
        break;
      case "t":
        this.word("true");
        break;
      case "f":
        this.word("false");
        break;
      case "n":
        this.word("null");
        break;
      default:
        if (!/^[-0-9]$/.test(this.peek())) this.wrong("expected a value");
        this.number();
    }
    return { start, end: this.at };
  }

  private within(read: () => Node): Node {
    if (this.depth === DEEPEST) this.wrong("nested too deeply");
    this.depth++;
    this.at++;
    this.space();
    const node = read();
    this.depth--;
    return node;
  }

  private object(start: number): Node {
    const members = new Map<string, Node>();
    if (this.peek() !== "}") {
      for (;;) {
        const from = this.at;
        if (this.peek() !== QUOTE_TEXT) this.wrong("expected a member's name");
        this.string();
        const name = JSON.parse(Buffer.from(this.bytes.subarray(from, this.at)).toString("utf8")) as string;
        this.space();
        if (this.peek() !== ":") this.wrong("expected `:`");
        this.at++;
        this.space();
        members.set(name, this.value());
        if (!this.more("}")) break;
      }
    }
    this.at++;
    return { start, end: this.at, members };
  }

  private array(start: number): Node {
    const elements: Node[] = [];
    if (this.peek() !== "]") {
      do elements.push(this.value());
      while (this.more("]"));
    }
    this.at++;
    return { start, end: this.at, elements };
  }

  /** Whether a comma comes, and not this. */
  private more(close: string): boolean {
    this.space();
    if (this.peek() === close) return false;
    if (this.peek() !== ",") this.wrong(`expected \`,\` or \`${close}\``);
    this.at++;
    this.space();
    return true;
  }

  private word(word: string): void {
    if (!this.text.startsWith(word, this.at)) this.wrong("expected a value");
    this.at += word.length;
  }

  private digits(): void {
    const start = this.at;
    while (/^[0-9]$/.test(this.peek())) this.at++;
    if (this.at === start) this.wrong("expected a digit");
  }

  private number(): void {
    if (this.peek() === "-") this.at++;
    if (this.peek() === "0") this.at++;
    else this.digits();
    if (this.peek() === ".") {
      this.at++;
      this.digits();
    }
    if (/^[eE]$/.test(this.peek())) {
      this.at++;
      if (/^[-+]$/.test(this.peek())) this.at++;
      this.digits();
    }
  }

  private string(): void {
    this.at++;
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === undefined) this.wrong("");
      if (byte < 0x20) this.wrong("control character in a string");
      this.at++;
      if (byte === QUOTE) return;
      if (byte === BACKSLASH) this.escape();
    }
  }

  private escape(): void {
    const letter = this.peek();
    if (letter === "" || !'"\\/bfnrtu'.includes(letter)) this.wrong("invalid escape");
    this.at++;
    if (letter !== "u") return;
    for (let digit = 0; digit < 4; digit++) {
      if (!/^[0-9A-Fa-f]$/.test(this.peek())) this.wrong("invalid escape");
      this.at++;
    }
  }
}

const QUOTE_TEXT = '"';
