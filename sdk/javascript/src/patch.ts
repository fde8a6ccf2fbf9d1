/** What a plan changes of emitted records. Knows positions and contents, not what those stand for. */

import { ColumnBuilder } from "./builder.js";
import { u32Bytes } from "./bytes.js";
import type { WireColumn, WireHeaders, WirePatch } from "./contract.js";
import { membersFor } from "./json.js";

/** Positions among the emitted records, strictly ascending; only the last one can be patched again. */
abstract class Patch {
  protected readonly at: number[] = [];

  /** Takes back what the record at `position` had of this, if anything, and makes it the last. */
  protected begin(position: number): void {
    const { at } = this;
    if (at[at.length - 1] === position) this.truncate(position);
    at.push(position);
  }

  /** Forgets what is at `position` and after. */
  truncate(position: number): void {
    const { at } = this;
    while (at.length !== 0 && at[at.length - 1] >= position) at.pop();
    this.shorten(at.length);
  }

  /** Forgets all contents but the first so many. */
  protected abstract shorten(entries: number): void;

  /** None where every emitted record is patched. */
  protected positions(emitted: number): Uint8Array | undefined {
    return this.at.length === emitted ? undefined : u32Bytes(this.at);
  }
}

/** New keys or values. */
export class BytesPatch extends Patch {
  private readonly to = new ColumnBuilder();

  /** The record at `position` gets this. */
  set(position: number, entry: Uint8Array | string | null): void {
    this.begin(position);
    this.to.push(entry);
  }

  /** The record at `position` gets this JSON object with more members: see {@link membersFor}. */
  extend(position: number, object: Uint8Array, members: object): void {
    const { bytes, rest } = membersFor(object, members);
    this.begin(position);
    const { to } = this;
    // The object whole and then its end anew: cutting it first would cost another view.
    to.write(object);
    to.unwrite(rest);
    to.write(bytes);
    to.end();
  }

  protected override shorten(entries: number): void {
    this.to.truncate(entries);
  }

  /** The contract's patch; none where nothing is patched. */
  finish(emitted: number): WirePatch<WireColumn> | undefined {
    return this.at.length === 0 ? undefined : { at: this.positions(emitted), to: this.to.finish() };
  }
}

/** New or added headers. */
export class HeaderPatch extends Patch {
  private readonly ends: number[] = [];
  private readonly names = new ColumnBuilder();
  private readonly values = new ColumnBuilder();

  /** The record at `position` gets an empty list. */
  reset(position: number): void {
    this.begin(position);
    this.ends.push(this.names.count);
  }

  /** The list of the record at `position` gets one more. */
  append(position: number, name: string, value: Uint8Array | string | null): void {
    if (this.at[this.at.length - 1] !== position) this.reset(position);
    this.names.push(name);
    this.values.push(value);
    this.ends[this.ends.length - 1]++;
  }

  protected override shorten(entries: number): void {
    this.ends.length = entries;
    const headers = this.ends.at(-1) ?? 0;
    this.names.truncate(headers);
    this.values.truncate(headers);
  }

  /** The contract's patch; none where nothing is patched. */
  finish(emitted: number): WirePatch<WireHeaders> | undefined {
    if (this.at.length === 0) return undefined;
    const ends = u32Bytes(this.ends);
    return { at: this.positions(emitted), to: { ends, names: this.names.finish(), values: this.values.finish() } };
  }
}

/** New timestamps. */
export class TimestampPatch extends Patch {
  private readonly to: bigint[] = [];

  set(position: number, timestamp: bigint): void {
    this.begin(position);
    this.to.push(timestamp);
  }

  protected override shorten(entries: number): void {
    this.to.length = entries;
  }

  finish(emitted: number): WirePatch<Uint8Array> | undefined {
    if (this.at.length === 0) return undefined;
    return { at: this.positions(emitted), to: new Uint8Array(BigInt64Array.from(this.to).buffer) };
  }
}

/** New partitions. */
export class PartitionPatch extends Patch {
  private readonly to: number[] = [];

  set(position: number, partition: number): void {
    this.begin(position);
    this.to.push(partition);
  }

  protected override shorten(entries: number): void {
    this.to.length = entries;
  }

  finish(emitted: number): WirePatch<Uint8Array> | undefined {
    if (this.at.length === 0) return undefined;
    return { at: this.positions(emitted), to: new Uint8Array(Int32Array.from(this.to).buffer) };
  }
}
