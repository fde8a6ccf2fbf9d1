/** The loop over a batch's records. */

import type { HasNoValue } from "./batch-columns.js";
import type { Emitter } from "./emitter.js";
import type { RawPlan } from "./raw-plan.js";
import type { RecordView } from "./record.js";
import { PermanentFailure, nullValue, rejectionOf } from "./reject.js";
import type { Tables } from "./tables.js";

/**
 * The row that a transform is called for. No property of the record and the emitter, where each record would have to set both:
 * QuickJS reads a `var` of the module in a quarter of the time. One batch is gone through at a time.
 */
export var row = 0;

/** A transform's function, whatever its parameters are. */
export type Each = (record: unknown, out: Emitter, state: unknown, tables: Tables) => unknown;

/**
 * Calls `call` for each row; one for which it throws is rejected. What the loop needs are parameters and `var`s: before every
 * use of a `let` or a `const` QuickJS asks whether it was initialised, and that makes a third of what an empty turn costs.
 */
export function eachRecord(
  count: number,
  record: RecordView,
  out: Emitter,
  state: unknown,
  tables: Tables,
  call: Each,
  none: HasNoValue | undefined,
  plan: RawPlan,
): void {
  var next = 0;
  // What throws leaves the inner loop, which then goes on behind that record.
  while (next < count) {
    try {
      for (; next < count; next++) {
        row = next;
        if (none !== undefined && none(next)) throw nullValue();
        var answer = call(record, out, state, tables);
        if (answer !== undefined) refusePromise(answer);
      }
    } catch (thrown) {
      const reject = rejectionOf(thrown);
      plan.takeBack(next);
      plan.reject(next++, reject);
    }
  }
}

const ASYNC = "a transform cannot wait: its function must not be async";

/** Refuses what is no function, or an async one. */
export function refuseAsync(call: (...parameters: never[]) => unknown): void {
  if (typeof call !== "function") throw new TypeError("a transform is made of a declaration and a function");
  if (call.constructor.name === "AsyncFunction") throw new TypeError(ASYNC);
}

/** Fails the batch for which a transform's function answered a promise. */
export function refusePromise(answer: unknown): void {
  if (typeof (answer as PromiseLike<unknown> | null)?.then === "function") throw new PermanentFailure(ASYNC);
}
