/** What a transform emits its records with: record by record, or for a whole batch. */

import type { Column } from "./columns.js";
import { type Counts, unknown } from "./counts.js";
import { type Emission, emission } from "./emission.js";
import type { RawPlan } from "./raw-plan.js";
import { Reject } from "./reject.js";

/**
 * Emits records that come from the record at hand. A record for which nothing is emitted is dropped; when the transform
 * throws, what it emitted for this record is taken back.
 */
export class Emitter<Output extends string = string, Counter extends string = string> {
  private readonly plan: RawPlan;
  private readonly rows: number[];
  private readonly directions: number[] | undefined;
  private readonly outputs: Readonly<Record<string, number>>;
  private readonly counts: Counts;
  private readonly values: Column | undefined;
  /** @internal */
  row = 0;

  /** @internal */
  constructor(plan: RawPlan, outputs: Readonly<Record<string, number>>, counts: Counts, values: Column | undefined) {
    this.plan = plan;
    this.rows = plan.rows;
    this.directions = plan.outputs;
    this.outputs = outputs;
    this.counts = counts;
    this.values = values;
  }

  /** Emits the record as it is. Calling it again emits the record again, to one output or to more. */
  forward(output: Output): void {
    var index = this.outputs[output];
    if (index === undefined) throw new Error(unknown("output", output, this.outputs));
    // What `RawPlan.emit` does, and no variable that QuickJS checks: a call costs it as much as all of this.
    this.rows.push(this.row);
    this.directions?.push(index);
  }

  /** Emits the record; what the answer's methods don't change stays as it is. */
  emit(output: Output): Emission {
    const index = this.outputs[output];
    if (index === undefined) throw new Error(unknown("output", output, this.outputs));
    return emission(this.plan, this.plan.emit(this.row, index), this.values);
  }

  /** Drops the record: takes back what was emitted for it. A record for which nothing was emitted is dropped without this. */
  drop(): void {
    this.plan.takeBack(this.row);
  }

  /** Adds to a counter. It counts if the host accepts the answer to this batch, whatever becomes of this record. */
  count(counter: Counter, by: number | bigint = 1): void {
    this.counts.add(counter, by);
  }
}

/**
 * What becomes of a batch. A row that is neither emitted nor rejected is dropped. Emitted records are written in the order in
 * which they are emitted here: keep rows ascending, and each output partition keeps the order of its input.
 */
export class Plan<Output extends string = string, Counter extends string = string> {
  private readonly batch: number;
  private readonly plan: RawPlan;
  private readonly rows: number[];
  private readonly directions: number[] | undefined;
  private readonly outputs: Readonly<Record<string, number>>;
  private readonly counts: Counts;
  private readonly values: Column | undefined;

  /** @internal */
  constructor(plan: RawPlan, outputs: Readonly<Record<string, number>>, counts: Counts, values: Column | undefined) {
    this.batch = plan.batch;
    this.plan = plan;
    this.rows = plan.rows;
    this.directions = plan.outputs;
    this.outputs = outputs;
    this.counts = counts;
    this.values = values;
  }

  private refuse(row: number, output?: string): never {
    if (output !== undefined && this.outputs[output] === undefined) throw new Error(unknown("output", output, this.outputs));
    throw new RangeError(`there is no row ${row}: the batch has ${this.batch}, counted from 0`);
  }

  /** Emits this row as it is. It may be emitted several times, to one output or to more. */
  forward(row: number, output: Output): void {
    var index = this.outputs[output];
    if (index === undefined || row >>> 0 !== row || row >= this.batch) this.refuse(row, output);
    // What `RawPlan.emit` does, and no variable that QuickJS checks: a call costs it as much as all of this.
    this.rows.push(row);
    this.directions?.push(index);
  }

  /** Emits this row; what the answer's methods don't change stays as it is. */
  emit(row: number, output: Output): Emission {
    const index = this.outputs[output];
    if (index === undefined || row >>> 0 !== row || row >= this.batch) this.refuse(row, output);
    return emission(this.plan, this.plan.emit(row, index), this.values);
  }

  /**
   * Says that this row cannot be processed; see {@link Reject} for what codes and reasons can be. Rejecting it again changes
   * nothing; rejecting a row that is emitted as well fails the batch.
   */
  reject(row: number, code: string, reason: string): void {
    if (row >>> 0 !== row || row >= this.batch) this.refuse(row);
    this.plan.reject(row, new Reject(code, reason));
  }

  /** Adds to a counter. It counts if the host accepts the answer to this batch. */
  count(counter: Counter, by: number | bigint = 1): void {
    this.counts.add(counter, by);
  }
}
