/** A column of bytes under construction. */

import { NONE, bytesOf } from "./bytes.js";
import type { WireColumn } from "./contract.js";
import { encodeAscii, encodeText, wellFormed } from "./utf8.js";

/**
 * Bytes are copied when they are pushed, so that the caller may use them again. Texts wait until bytes come or the column
 * is finished, and are encoded together: for QuickJS that costs a tenth of doing it one by one.
 */
export class ColumnBuilder {
  /** How many entries there are. */
  count = 0;
  private data: Uint8Array = NONE;
  private size = 0;
  private ends = new Uint32Array(16);
  private nulls: Uint8Array | undefined = undefined;
  /** The last entries, which are not in `data` yet. Their `ends` hold if all of them are ASCII. */
  private waiting: string[] = [];
  private waitingLength = 0;

  /** Appends an entry. */
  push(entry: Uint8Array | string | null): void {
    if (typeof entry === "string") {
      const { waiting } = this;
      waiting[waiting.length] = entry;
      this.waitingLength += entry.length;
      const at = this.count++;
      if (at === this.ends.length) this.growEnds();
      this.ends[at] = this.size + this.waitingLength;
    } else if (entry === null) this.pushNull();
    else {
      this.write(entry);
      this.end();
    }
  }

  private pushNull(): void {
    const entry = this.count;
    this.push("");
    const bytes = (entry >> 3) + 1;
    if (this.nulls === undefined || this.nulls.length < bytes) this.nulls = grown(this.nulls ?? NONE, bytes);
    this.nulls[entry >> 3] |= 1 << (entry & 7);
  }

  /** Appends bytes to the entry that `end` is going to end. */
  write(bytes: Uint8Array): void {
    if (this.waiting.length !== 0) this.flush();
    const end = this.size + bytes.length;
    if (end > this.data.length) this.data = grown(this.data, end);
    this.data.set(bytes, this.size);
    this.size = end;
  }

  /** Takes back the last bytes of what was written. */
  unwrite(bytes: number): void {
    this.size -= bytes;
  }

  /** Ends an entry of what was written since the last one. */
  end(): void {
    const at = this.count++;
    if (at === this.ends.length) this.growEnds();
    this.ends[at] = this.size;
  }

  private growEnds(): void {
    const ends = new Uint32Array(this.ends.length * 4);
    ends.set(this.ends);
    this.ends = ends;
  }

  /** Encodes the texts that wait. */
  private flush(): void {
    const { waiting } = this;
    this.waiting = [];
    this.waitingLength = 0;
    const joined = waiting.join("");
    if (joined === "") return;
    const ascii = encodeAscii(joined);
    if (ascii !== undefined) {
      this.write(ascii);
      return;
    }
    for (let entry = this.count - waiting.length, i = 0; i < waiting.length; entry++, i++) {
      // Each by itself: two halves of a surrogate pair in two texts are not one character.
      this.write(encodeText(wellFormed(waiting[i])));
      this.ends[entry] = this.size;
    }
  }

  /** Forgets all entries from this one on. */
  truncate(entries: number): void {
    if (entries >= this.count) return;
    while (this.count > entries && this.waiting.length !== 0) {
      this.waitingLength -= (this.waiting.pop() as string).length;
      this.count--;
    }
    if (this.count > entries) {
      this.count = entries;
      this.size = entries === 0 ? 0 : this.ends[entries - 1];
    }
    const { nulls } = this;
    if (nulls !== undefined) {
      const used = (entries + 7) >> 3;
      nulls.fill(0, used);
      if ((entries & 7) !== 0) nulls[used - 1] &= (1 << (entries & 7)) - 1;
    }
  }

  /** The column. It borrows from the builder, which is of no further use. */
  finish(): WireColumn {
    if (this.waiting.length !== 0) this.flush();
    const bits = (this.count + 7) >> 3;
    let { nulls } = this;
    if (nulls !== undefined && nulls.length < bits) nulls = grown(nulls, bits);
    return {
      data: this.data.subarray(0, this.size),
      ends: bytesOf(this.ends, this.count),
      nulls: nulls === undefined ? NONE : nulls.subarray(0, bits),
    };
  }
}

/** Room for at least this many bytes. */
function grown(bytes: Uint8Array, least: number): Uint8Array {
  const room = new Uint8Array(Math.max(least, bytes.length * 2, 256));
  room.set(bytes);
  return room;
}

/** A column of these entries. */
export function columnOf(entries: Iterable<Uint8Array | string | null>): WireColumn {
  const column = new ColumnBuilder();
  for (const entry of entries) column.push(entry);
  return column.finish();
}
