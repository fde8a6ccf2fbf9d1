/**
 * The answer to a batch: which rows go where, and what of them changes. Says no more than it must: every row in order,
 * everything to the first output and a change for every record are left out of it.
 */

import { ColumnBuilder } from "./builder.js";
import { bytesOf } from "./bytes.js";
import type { WireOutput, WireRejections } from "./contract.js";
import { BytesPatch, HeaderPatch, PartitionPatch, TimestampPatch } from "./patch.js";
import { PermanentFailure, type Reject } from "./reject.js";

/** @internal */
export class RawPlan {
  /** How many records are emitted. */
  emitted = 0;
  /** The row of each emitted record. */
  rows: Uint32Array;
  /** Where each goes, 0 in what is not written yet; undefined while all go to the first output. */
  outputs: Uint16Array | undefined = undefined;
  /** How many records fit. Asking a typed array for its length costs QuickJS as much as all the rest of `emit`. */
  room: number;
  private readonly rejected = new Map<number, Reject>();
  private patches: readonly (BytesPatch | HeaderPatch | TimestampPatch | PartitionPatch)[] = [];
  private keyPatch: BytesPatch | undefined = undefined;
  private valuePatch: BytesPatch | undefined = undefined;
  private headerPatch: HeaderPatch | undefined = undefined;
  private addedPatch: HeaderPatch | undefined = undefined;
  private timestampPatch: TimestampPatch | undefined = undefined;
  private partitionPatch: PartitionPatch | undefined = undefined;

  constructor(readonly batch: number) {
    this.rows = new Uint32Array(batch);
    this.room = batch;
  }

  /** Emits a row; answers the new record's position among the emitted ones. */
  emit(row: number, output: number): number {
    const position = this.emitted++;
    if (position === this.room) this.grow();
    this.rows[position] = row;
    if (output !== 0) (this.outputs ?? this.several())[position] = output;
    return position;
  }

  /** Begins to say where records go. */
  several(): Uint16Array {
    return (this.outputs = new Uint16Array(this.room));
  }

  /** Makes room for more records. */
  grow(): void {
    this.room *= 2;
    const rows = new Uint32Array(this.room);
    rows.set(this.rows);
    this.rows = rows;
    if (this.outputs === undefined) return;
    const outputs = new Uint16Array(this.room);
    outputs.set(this.outputs);
    this.outputs = outputs;
  }

  /** Takes back the last emitted records, as far as they come from this row. */
  takeBack(row: number): void {
    const before = this.emitted;
    while (this.emitted !== 0 && this.rows[this.emitted - 1] === row) this.emitted--;
    if (this.emitted === before) return;
    this.outputs?.fill(0, this.emitted, before);
    for (const patch of this.patches) patch.truncate(this.emitted);
  }

  /** The first rejection of a row counts. */
  reject(row: number, reject: Reject): void {
    if (!this.rejected.has(row)) this.rejected.set(row, reject);
  }

  private patch<P extends BytesPatch | HeaderPatch | TimestampPatch | PartitionPatch>(patch: P): P {
    this.patches = [...this.patches, patch];
    return patch;
  }
  keys(): BytesPatch {
    return (this.keyPatch ??= this.patch(new BytesPatch()));
  }
  values(): BytesPatch {
    return (this.valuePatch ??= this.patch(new BytesPatch()));
  }
  headers(): HeaderPatch {
    return (this.headerPatch ??= this.patch(new HeaderPatch()));
  }
  added(): HeaderPatch {
    return (this.addedPatch ??= this.patch(new HeaderPatch()));
  }
  timestamps(): TimestampPatch {
    return (this.timestampPatch ??= this.patch(new TimestampPatch()));
  }
  partitions(): PartitionPatch {
    return (this.partitionPatch ??= this.patch(new PartitionPatch()));
  }

  /** Whether each emitted record comes from a row after that of the one before. */
  private ascends(): boolean {
    const { emitted, rows } = this;
    let before = -1;
    for (let position = 0; position < emitted; position++) {
      const row = rows[position];
      if (row <= before) return false;
      before = row;
    }
    return true;
  }

  /** The answer in the contract's words. */
  finish(): WireOutput {
    const { emitted, rejected, rows } = this;
    // As many ascending rows as are not rejected, and none of them rejected: these are all of the others.
    const all = emitted + rejected.size === this.batch && this.ascends();
    return {
      rows: all ? undefined : bytesOf(rows, emitted),
      outputs: this.outputs === undefined || emitted === 0 ? undefined : bytesOf(this.outputs, emitted),
      keys: this.keyPatch?.finish(emitted),
      values: this.valuePatch?.finish(emitted),
      headers: this.headerPatch?.finish(emitted),
      addedHeaders: this.addedPatch?.finish(emitted),
      timestamps: this.timestampPatch?.finish(emitted),
      partitions: this.partitionPatch?.finish(emitted),
      rejected: rejected.size === 0 ? undefined : this.rejections(),
    };
  }

  /** The host would refuse a row that is both, but it does not see one where all rows are left out of the answer. */
  refuseBoth(): void {
    if (this.rejected.size === 0) return;
    for (let position = 0; position < this.emitted; position++) {
      const row = this.rows[position];
      if (this.rejected.has(row)) {
        throw new PermanentFailure(`row ${row} is both emitted and rejected: a row is one of them, or neither`);
      }
    }
  }

  private rejections(): WireRejections {
    const rows = Uint32Array.from(this.rejected.keys()).sort();
    const codes = new ColumnBuilder();
    const reasons = new ColumnBuilder();
    for (const row of rows) {
      const { code, reason } = this.rejected.get(row) as Reject;
      codes.push(code);
      reasons.push(reason);
    }
    return { rows: bytesOf(rows, rows.length), codes: codes.finish(), reasons: reasons.finish() };
  }
}
