/** CSV as RFC 4180 has it, strictly: what is malformed is an error, and an empty field differs from a quoted empty text. */

/** A field of a line; null where it is empty and not quoted. */
export type Field = string | null;

/** What is wrong with a line. */
export class Malformed extends Error {}

/** Reads a text line by line. */
export class Reader {
  readonly #text: string;
  readonly #delimiter: string;
  /** What a field without quotes is made of. */
  readonly #plain: RegExp;
  #at = 0;

  /** @param delimiter - Neither a quote nor part of a line end. */
  constructor(text: string, delimiter: string) {
    this.#text = text;
    this.#delimiter = delimiter;
    this.#plain = new RegExp(`[^"\n${delimiter.replace(/[\\\]^-]/, "\\$&")}]*`, "y");
  }

  /**
   * The fields of the next line that is not empty; null where there is none.
   *
   * @throws Malformed after which there is nothing to go on with.
   */
  line(): Field[] | null {
    while (this.#skipLineEnd());
    if (this.#at === this.#text.length) return null;
    const fields = [this.#field()];
    while (this.#text[this.#at] === this.#delimiter) {
      this.#at++;
      fields.push(this.#field());
    }
    // The last line may lack its end.
    this.#skipLineEnd();
    return fields;
  }

  #skipLineEnd(): boolean {
    const length = this.#lineEnd();
    this.#at += length;
    return length !== 0;
  }

  /** The length of the line end that comes next; 0 where there is none. */
  #lineEnd(): number {
    if (this.#text[this.#at] === "\n") return 1;
    return this.#text.startsWith("\r\n", this.#at) ? 2 : 0;
  }

  #field(): Field {
    return this.#text[this.#at] === '"' ? this.#quotedField() : this.#plainField();
  }

  #plainField(): Field {
    const start = this.#at;
    this.#plain.lastIndex = start;
    this.#plain.test(this.#text);
    this.#at = this.#plain.lastIndex;
    const next = this.#text[this.#at];
    if (next === '"') throw new Malformed("a quote is within a field that is not quoted");
    const carriageReturn = next === "\n" && this.#at > start && this.#text[this.#at - 1] === "\r";
    const field = this.#text.slice(start, carriageReturn ? this.#at - 1 : this.#at);
    return field === "" ? null : field;
  }

  #quotedField(): string {
    const start = this.#at + 1;
    let end = this.#quote(start);
    while (this.#text[end + 1] === '"') end = this.#quote(end + 2);
    this.#at = end + 1;
    const atEnd = this.#at === this.#text.length || this.#lineEnd() !== 0;
    if (!atEnd && this.#text[this.#at] !== this.#delimiter) throw new Malformed("something follows a closing quote");
    return this.#text.slice(start, end).replaceAll('""', '"');
  }

  #quote(from: number): number {
    const at = this.#text.indexOf('"', from);
    if (at < 0) throw new Malformed("a quote never ends");
    return at;
  }
}
