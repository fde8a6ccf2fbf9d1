/** What a transform emits its records with: record by record, or for a whole batch. */

import type { Column } from "./columns.js";
import { type Counts, unknown } from "./counts.js";
import { row } from "./each.js";
import { type Emission, emission } from "./emission.js";
import type { RawPlan } from "./raw-plan.js";
import { Reject } from "./reject.js";

/** What an {@link Emitter} makes for itself. A method in its type: an emitter to more outputs is one to some of them. */
export interface Emitter<Output extends string, Counter extends string> {
  /** Emits the record as it is. Calling it again emits the record again, to one output or to more. */
  forward(output: Output): void;
}

/**
 * Emits records that come from the record at hand. A record for which nothing is emitted is dropped; when the transform
 * throws, what it emitted for this record is taken back.
 */
export class Emitter<Output extends string = string, Counter extends string = string> {
  private readonly plan: RawPlan;
  private readonly outputs: Readonly<Record<string, number>>;
  private readonly counts: Counts;
  private readonly values: Column | undefined;

  /** @internal */
  constructor(plan: RawPlan, outputs: Readonly<Record<string, number>>, counts: Counts, values: Column | undefined) {
    this.plan = plan;
    this.outputs = outputs;
    this.counts = counts;
    this.values = values;
    this.forward = forwarder(plan, outputs);
  }

  /** Emits the record; what the answer's methods don't change stays as it is. */
  emit(output: Output): Emission {
    const index = this.outputs[output];
    if (index === undefined) throw new Error(unknown("output", output, this.outputs));
    return emission(this.plan, this.plan.emit(row, index), this.values);
  }

  /** Drops the record: takes back what was emitted for it. A record for which nothing was emitted is dropped without this. */
  drop(): void {
    this.plan.takeBack(row);
  }

  /** Adds to a counter. It counts if the host accepts the answer to this batch, whatever becomes of this record. */
  count(counter: Counter, by: number | bigint = 1): void {
    this.counts.add(counter, by);
  }
}

/**
 * {@link Emitter.forward} of one batch. A function with what it needs around it, as parameters and `var`s: QuickJS reads them
 * in a quarter of the time of a property. And what `RawPlan.emit` does, as a call costs as much as all of this.
 */
function forwarder(plan: RawPlan, outputs: Readonly<Record<string, number>>): (output: string) => void {
  var { rows, outputs: directions } = plan;
  return (output) => {
    var index = outputs[output];
    if (index === undefined) throw new Error(unknown("output", output, outputs));
    rows.push(row);
    if (directions !== undefined) directions.push(index);
  };
}

/** What a {@link Plan} makes for itself. */
export interface Plan<Output extends string, Counter extends string> {
  /** Emits this row as it is. It may be emitted several times, to one output or to more. */
  forward(row: number, output: Output): void;
}

/**
 * What becomes of a batch. A row that is neither emitted nor rejected is dropped. Emitted records are written in the order in
 * which they are emitted here: keep rows ascending, and each output partition keeps the order of its input.
 */
export class Plan<Output extends string = string, Counter extends string = string> {
  private readonly plan: RawPlan;
  private readonly outputs: Readonly<Record<string, number>>;
  private readonly counts: Counts;
  private readonly values: Column | undefined;

  /** @internal */
  constructor(plan: RawPlan, outputs: Readonly<Record<string, number>>, counts: Counts, values: Column | undefined) {
    this.plan = plan;
    this.outputs = outputs;
    this.counts = counts;
    this.values = values;
    this.forward = rowForwarder(plan, outputs);
  }

  /** Emits this row; what the answer's methods don't change stays as it is. */
  emit(row: number, output: Output): Emission {
    const index = this.outputs[output];
    if (index === undefined) throw new Error(unknown("output", output, this.outputs));
    if (row >>> 0 !== row || row >= this.plan.batch) throw noRow(row, this.plan.batch);
    return emission(this.plan, this.plan.emit(row, index), this.values);
  }

  /**
   * Says that this row cannot be processed; see {@link Reject} for what codes and reasons can be. Rejecting it again changes
   * nothing; rejecting a row that is emitted as well fails the batch.
   */
  reject(row: number, code: string, reason: string): void {
    if (row >>> 0 !== row || row >= this.plan.batch) throw noRow(row, this.plan.batch);
    this.plan.reject(row, new Reject(code, reason));
  }

  /** Adds to a counter. It counts if the host accepts the answer to this batch. */
  count(counter: Counter, by: number | bigint = 1): void {
    this.counts.add(counter, by);
  }
}

/** {@link Plan.forward} of one batch: as {@link forwarder}, with the row as a parameter. */
function rowForwarder(plan: RawPlan, outputs: Readonly<Record<string, number>>): (row: number, output: string) => void {
  var { batch, rows, outputs: directions } = plan;
  return (row, output) => {
    var index = outputs[output];
    if (index === undefined) throw new Error(unknown("output", output, outputs));
    if (row >>> 0 !== row || row >= batch) throw noRow(row, batch);
    rows.push(row);
    if (directions !== undefined) directions.push(index);
  };
}

function noRow(row: number, rows: number): RangeError {
  return new RangeError(`there is no row ${row}: the batch has ${rows}, counted from 0`);
}
