/** Makes transforms of a declaration and a function. */

import { type Batch, batchOf } from "./batch.js";
import { BatchColumns, withoutValue } from "./batch-columns.js";
import type { Host, WireBatch, WireDescription, WireOutput } from "./contract.js";
import { Counts, indexed } from "./counts.js";
import { type AnyDeclaration, type Fields, type ReadPart, check, describe } from "./declare/declaration.js";
import type { Lookup } from "./declare/lookups.js";
import { type Settings, type SettingsOf, readSettings } from "./declare/settings.js";
import { type Each, eachRecord, refuseAsync, refusePromise } from "./each.js";
import { Emitter, Plan } from "./emitter.js";
import { RawPlan } from "./raw-plan.js";
import { type Record, TAKEN, recordMaker } from "./record.js";
import { Tables } from "./tables.js";

/** What a transform says about itself. */
export interface Declaration<
  Output extends string,
  F extends Fields,
  Table extends string,
  L,
  Counter extends string,
  S extends Settings,
  Reads extends ReadPart,
  NullValues extends boolean,
  State,
> {
  /** Names of the outputs, at least one: a-z, 0-9, `-` and `_`. The deployment says which topic each one is. */
  readonly outputs: readonly Output[];
  /** Parts of a record that the function looks at. What is not named never enters the component; fields need none. */
  readonly reads?: readonly Reads[];
  /** What the host takes out of each record. */
  readonly fields?: F;
  /** Names of tables. The deployment says which topic each one is. */
  readonly tables?: readonly Table[];
  /** What the host looks up in them for each record. */
  readonly lookups?: L;
  /** Names of counters: a-z, 0-9 and `_`. */
  readonly counters?: readonly Counter[];
  /** What a deployment can set. `minAge` is its `min-age`. */
  readonly settings?: S;
  /**
   * Whether records without a value are seen although a field of the value is required: its fields are null then. Otherwise
   * they are rejected as `null-value`.
   */
  readonly nullValues?: NullValues;
  /**
   * Makes of the settings what the function gets as its third argument, once in every instance. An instance may be replaced
   * between any two batches, so it is a cache: sets, compiled patterns, never counts or sums. An error refuses the deployment.
   */
  readonly init?: (settings: SettingsOf<S>) => State;
}

/** A transform: what a module exports as its default, and what tests run. Made by {@link transform}. */
export interface Transform<Output extends string = string> {
  /** @internal */
  readonly declaration: AnyDeclaration;
  /** @internal Throws an error that refuses the deployment. */
  configure(settings: readonly (readonly [string, string])[], host: Host): Running;
  /** Only a type: the outputs. */
  readonly output?: Output;
}

/** @internal A configured transform. */
export interface Running {
  readonly description: WireDescription;
  apply(batch: WireBatch): Answer;
}

/** @internal The answer to a batch, and what to add to each counter. */
export interface Answer {
  readonly output: WireOutput;
  readonly counts: readonly bigint[];
}

/** What runs over the columns of one batch. */
type Run = (columns: BatchColumns, batch: WireBatch, plan: RawPlan, counts: Counts) => void;

/**
 * A transform that goes record by record.
 *
 * ```ts
 * export default transform(
 *   { outputs: ["likes", "passes"], fields: { direction: text("/direction") } },
 *   (record, out) => {
 *     if (record.direction === "right") out.forward("likes");
 *     else if (record.direction === "left") out.forward("passes");
 *     else throw new Reject("unknown-direction", `${record.direction} is neither left nor right`);
 *   },
 * );
 * ```
 *
 * @param declaration - What it reads, needs and emits to: the types of the function's parameters follow from it.
 * @param each - Called for each record, in their order; not async. What it throws rejects the record ({@link Reject} with its
 * code, anything else as `error`) or fails the batch ({@link TransientFailure}, {@link PermanentFailure}).
 */
export function transform<
  const Output extends string,
  F extends Fields = {},
  const Table extends string = never,
  L extends { readonly [Name: string]: Lookup<unknown, Table> } = {},
  const Counter extends string = never,
  S extends Settings = {},
  const Reads extends ReadPart = never,
  const NullValues extends boolean = false,
  State = SettingsOf<S>,
>(
  declaration: Declaration<Output, F, Table, L, Counter, S, Reads, NullValues, State>,
  each: (
    record: Record<F, L, Reads, NullValues>,
    out: Emitter<Output, Counter>,
    state: State,
    tables: Tables<Table>,
  ) => void,
): Transform<Output> {
  const call = each as Each;
  refuseAsync(call);
  const recordOf = recordMaker(declaration as AnyDeclaration);
  return make(
    declaration as AnyDeclaration,
    (state, tables, description, outputs) => (columns, batch, plan, counts) => {
      const none = withoutValue(batch, description, declaration.nullValues === true);
      const record = recordOf(columns);
      const out = new Emitter(plan, outputs, counts, columns.values);
      eachRecord(columns.count, record, out, state, tables, call, none, plan);
    },
  );
}

/**
 * A transform that takes a whole batch, as columns: for those who want all the speed. What it throws fails the batch: as
 * `permanent`, unless it is a {@link TransientFailure}. It sees records without a value; their fields are null.
 *
 * ```ts
 * export default transformColumns({ outputs: ["kept"], reads: ["values"] }, (batch, plan) => {
 *   for (let row = 0; row < batch.length; row++) {
 *     if (batch.values.get(row)?.[0] === 0x7b) plan.forward(row, "kept");
 *   }
 * });
 * ```
 */
export function transformColumns<
  const Output extends string,
  F extends Fields = {},
  const Table extends string = never,
  L extends { readonly [Name: string]: Lookup<unknown, Table> } = {},
  const Counter extends string = never,
  S extends Settings = {},
  const Reads extends ReadPart = never,
  State = SettingsOf<S>,
>(
  declaration: Declaration<Output, F, Table, L, Counter, S, Reads, true, State>,
  all: (batch: Batch<F, L, Reads>, plan: Plan<Output, Counter>, state: State, tables: Tables<Table>) => void,
): Transform<Output> {
  type All = (batch: unknown, plan: Plan, state: unknown, tables: Tables) => unknown;
  const call = all as All;
  refuseAsync(call);
  const any = declaration as AnyDeclaration;
  return make(any, (state, tables, _description, outputs) => (columns, _batch, plan, counts) => {
    const answer = call(batchOf(columns, any), new Plan(plan, outputs, counts, columns.values), state, tables);
    if (answer !== undefined) refusePromise(answer);
    plan.refuseBoth();
  });
}

/** What `running` gets is made once in every instance. */
function make(
  declaration: AnyDeclaration,
  running: (
    state: unknown,
    tables: Tables,
    description: WireDescription,
    outputs: Readonly<globalThis.Record<string, number>>,
  ) => Run,
): Transform<never> {
  check(declaration, TAKEN);
  return {
    declaration,
    configure(settings, host) {
      const values = readSettings(declaration.settings ?? {}, settings);
      const state = declaration.init === undefined ? values : declaration.init(values as never);
      const description = describe(declaration);
      const counters = indexed(description.counters);
      const tables = new Tables(host, indexed(description.tables));
      const run = running(state, tables, description, indexed(description.outputs));
      return {
        description,
        apply(batch) {
          const columns = new BatchColumns(batch, description);
          const plan = new RawPlan(columns.count, description.outputs.length);
          const counts = new Counts(description.counters, counters);
          run(columns, batch, plan, counts);
          return { output: plan.finish(), counts: counts.sums() };
        },
      };
    },
  };
}
