/** What a call adds to the transform's counters: exact up to 64 bits. */

const MOST = (1n << 64n) - 1n;

/** @internal */
export class Counts {
  private readonly indexes: Readonly<Record<string, number>>;
  private readonly small: number[];
  private readonly large: bigint[];

  constructor(names: readonly string[], indexes: Readonly<Record<string, number>>) {
    this.indexes = indexes;
    this.small = names.map(() => 0);
    this.large = names.map(() => 0n);
  }

  /** Adds to the counter of this name. */
  add(name: string, by: number | bigint): void {
    const counter = this.indexes[name];
    if (counter === undefined) throw new Error(unknown("counter", name, this.indexes));
    if (typeof by === "number" && by >= 0 && Number.isSafeInteger(by)) {
      const sum = this.small[counter] + by;
      if (sum <= Number.MAX_SAFE_INTEGER) {
        this.small[counter] = sum;
        return;
      }
    }
    const exact = typeof by === "number" && Number.isInteger(by) ? BigInt(by) : by;
    if (typeof exact !== "bigint" || exact < 0n || exact > MOST) {
      throw new RangeError(`the counter \`${name}\` cannot count ${by}: it is a whole number from 0 that fits 64 bits`);
    }
    this.large[counter] += exact;
  }

  /** What was added, in the order of the counters. */
  sums(): bigint[] {
    return this.small.map((small, i) => BigInt(small) + this.large[i]);
  }
}

/** The index of each name. Without a prototype, so that nothing is found that was not declared. */
export function indexed(names: readonly string[]): Readonly<Record<string, number>> {
  const indexes = Object.create(null) as Record<string, number>;
  names.forEach((name, index) => (indexes[name] = index));
  return indexes;
}

/** What to say about a name that was not declared. */
export function unknown(what: string, name: unknown, declared: Readonly<Record<string, number>>): string {
  const names = Object.keys(declared);
  const there = names.length === 0 ? `the transform declares no ${what}s` : `there are \`${names.join("`, `")}\``;
  return `there is no ${what} \`${String(name)}\`: ${there}`;
}
