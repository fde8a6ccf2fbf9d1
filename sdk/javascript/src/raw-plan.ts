/**
 * The answer to a batch: which rows go where, and what of them changes. Says no more than it must: every row in order,
 * everything to the first output and a change for every record are left out of it.
 */

import { ColumnBuilder } from "./builder.js";
import { bytesOf, u16Bytes, u32Bytes } from "./bytes.js";
import type { WireOutput, WireRejections } from "./contract.js";
import { BytesPatch, HeaderPatch, PartitionPatch, TimestampPatch } from "./patch.js";
import { PermanentFailure, type Reject } from "./reject.js";

/** @internal */
export class RawPlan {
  /**
   * The row of each emitted record. Arrays: in QuickJS to append to one and to copy it in the end costs less than to write
   * into a typed array, and to ask for the length of that.
   */
  readonly rows: number[] = [];
  /** Where each goes; undefined where there is one output alone. */
  readonly outputs: number[] | undefined;
  private readonly rejected = new Map<number, Reject>();
  private patches: readonly (BytesPatch | HeaderPatch | TimestampPatch | PartitionPatch)[] = [];
  private keyPatch: BytesPatch | undefined = undefined;
  private valuePatch: BytesPatch | undefined = undefined;
  private headerPatch: HeaderPatch | undefined = undefined;
  private addedPatch: HeaderPatch | undefined = undefined;
  private timestampPatch: TimestampPatch | undefined = undefined;
  private partitionPatch: PartitionPatch | undefined = undefined;

  constructor(
    readonly batch: number,
    outputs: number,
  ) {
    this.outputs = outputs === 1 ? undefined : [];
  }

  /** How many records are emitted. */
  get emitted(): number {
    return this.rows.length;
  }

  /** Emits a row; answers the new record's position among the emitted ones. */
  emit(row: number, output: number): number {
    this.outputs?.push(output);
    return this.rows.push(row) - 1;
  }

  /** Takes back the last emitted records, as far as they come from this row. */
  takeBack(row: number): void {
    const { rows } = this;
    if (rows.length === 0 || rows[rows.length - 1] !== row) return;
    while (rows.length !== 0 && rows[rows.length - 1] === row) rows.pop();
    if (this.outputs !== undefined) this.outputs.length = rows.length;
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
    const { rows } = this;
    // Not `let`, nor in the loop below: before every use of one QuickJS asks whether it was initialised.
    var before = -1;
    for (var position = 0; position < rows.length; position++) {
      if (rows[position] <= before) return false;
      before = rows[position];
    }
    return true;
  }

  /** Where the records go; undefined where that is the first output for all. */
  private directions(): Uint8Array | undefined {
    const { outputs } = this;
    if (outputs === undefined) return undefined;
    for (var position = 0; position < outputs.length; position++) {
      if (outputs[position] !== 0) return u16Bytes(outputs);
    }
    return undefined;
  }

  /** The answer in the contract's words. */
  finish(): WireOutput {
    const { emitted, rejected, rows } = this;
    // As many ascending rows as are not rejected, and none of them rejected: these are all of the others.
    const all = emitted + rejected.size === this.batch && this.ascends();
    return {
      rows: all ? undefined : u32Bytes(rows),
      outputs: this.directions(),
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
