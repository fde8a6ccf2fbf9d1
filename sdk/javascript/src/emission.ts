/** One emitted record, and what of it changes. */

import type { Column } from "./columns.js";
import { stringify } from "./json.js";
import type { RawPlan } from "./raw-plan.js";
import { nullValue } from "./reject.js";

/** What a key, a value or a header can be made of. Text becomes UTF-8; null is null. */
export type Content = Uint8Array | string | null;

/**
 * A record that was just emitted. It is its row's record, unchanged but for what is set here; setting a part again replaces
 * what was set before. It can be changed until the next record is emitted.
 *
 * ```ts
 * out.emit("copies").key("everyone").json({ user, age }).header("copied-by", "copy");
 * ```
 */
export interface Emission {
  /** Another key; null for none. */
  key(key: Content): this;
  /** No key. */
  nullKey(): this;
  /** Another value; null for none. */
  value(value: Content): this;
  /** No value: a tombstone in a compacted topic. */
  nullValue(): this;
  /**
   * Another value: this one's JSON, without spaces. A bigint is written as an integer.
   *
   * @throws Reject `unwritable-json` where it has none.
   */
  json(value: unknown): this;
  /**
   * The record's own value, a JSON object, with these members before its last brace: nothing else of it changes. It is
   * copied, not parsed; of a member that it already has, readers take the last. The transform has to read `values`.
   *
   * @throws Reject `unexpected-json` where the value is no object, `null-value` where it is null, `unwritable-json` where
   * the members have no JSON.
   */
  extendJson(members: object): this;
  /** These headers instead of the record's. See also {@link Emission.header}. */
  headers(headers: Iterable<readonly [name: string, value: Content]>): this;
  /** One more header, after those that the record has. Names that begin with `millstream.` are the host's. */
  header(name: string, value: Content): this;
  /** Another timestamp, in milliseconds since 1970-01-01T00:00Z; -1 for none. */
  timestamp(milliseconds: bigint | number): this;
  /** A partition of the output's topic instead of the one that the key leads to; -1 for that one. */
  partition(partition: number): this;
}

/** @internal */
export interface EmissionParts {
  readonly plan: RawPlan;
  readonly position: number;
  /** The batch's values; undefined where they are not read. */
  readonly values: Column | undefined;
}

/** Where this emission's record is among the emitted ones, if it is still the last. */
function at(emission: EmissionParts): number {
  const { plan, position } = emission;
  if (position !== plan.emitted - 1) {
    throw new Error("an emission can be changed only until the next record is emitted, or this one is taken back");
  }
  return position;
}

function content(content: Content): Content {
  // Not `instanceof`: StarlingMonkey's bytes from the host have another realm's prototype.
  if (typeof content === "string" || content === null || ArrayBuffer.isView(content)) return content;
  throw new TypeError(`a key, value or header is a string, a Uint8Array or null, not ${typeof content}`);
}

/** The last name that was looked at: most transforms have one or two. */
let fitting = "";

function headerName(name: string): string {
  if (typeof name !== "string") throw new TypeError(`a header's name is a string, not ${typeof name}`);
  if (name.includes("\0")) throw new RangeError("a header's name has a NUL character, which Kafka does not carry");
  if (name.startsWith("millstream.")) {
    throw new RangeError(
      `the header \`${name}\`: names that begin with \`millstream.\` are the host's, choose another`,
    );
  }
  return (fitting = name);
}

function milliseconds(given: bigint | number): bigint {
  const timestamp = typeof given === "number" && Number.isSafeInteger(given) ? BigInt(given) : given;
  if (typeof timestamp !== "bigint" || timestamp < -1n || timestamp >= 1n << 63n) {
    throw new RangeError(`a timestamp is -1 or milliseconds since 1970, not ${given}`);
  }
  return timestamp;
}

type Self = Emission & EmissionParts;

const EMISSION: Emission & ThisType<Self> = {
  key(this: Self, key) {
    this.plan.keys().set(at(this), content(key));
    return this;
  },
  nullKey(this: Self) {
    return this.key(null);
  },
  value(this: Self, value) {
    this.plan.values().set(at(this), typeof value === "string" ? value : content(value));
    return this;
  },
  nullValue(this: Self) {
    return this.value(null);
  },
  json(this: Self, value) {
    this.plan.values().set(at(this), stringify(value));
    return this;
  },
  extendJson(this: Self, members) {
    const position = at(this);
    if (this.values === undefined) {
      throw new Error("`extendJson` needs the record's value: add \"values\" to the transform's `reads`");
    }
    const value = this.values.get(this.plan.rows[position]);
    if (value === null) throw nullValue();
    this.plan.values().extend(position, value, members);
    return this;
  },
  headers(this: Self, headers) {
    const position = at(this);
    const patch = this.plan.headers();
    patch.reset(position);
    for (const [name, value] of headers) patch.append(position, headerName(name), content(value));
    return this;
  },
  header(this: Self, name, value) {
    const fit = name === fitting ? name : headerName(name);
    this.plan.added().append(at(this), fit, typeof value === "string" ? value : content(value));
    return this;
  },
  timestamp(this: Self, timestamp) {
    this.plan.timestamps().set(at(this), milliseconds(timestamp));
    return this;
  },
  partition(this: Self, partition) {
    if (!Number.isInteger(partition) || partition < -1 || partition > 0x7fffffff) {
      throw new RangeError(`a partition is a number from 0, or -1 for the partitioner's choice, not ${partition}`);
    }
    this.plan.partitions().set(at(this), partition);
    return this;
  },
};

/** @internal An object literal with a prototype: QuickJS takes twice as long to construct a class. */
export function emission(plan: RawPlan, position: number, values: Column | undefined): Emission {
  return { __proto__: EMISSION, plan, position, values } as unknown as Emission;
}
