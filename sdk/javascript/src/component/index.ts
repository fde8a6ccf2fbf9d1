/** The component's side of the contract: what the entry that `millstream-build` writes exports. */

import "./globals.js";

import type { Host, Level, WireBatch, WireDescription, WireFailure, WireOutput } from "../contract.js";
import { sendLog } from "../log.js";
import { Reject, TransientFailure, textOf } from "../reject.js";
import type { Running, Transform } from "../transform.js";
import { wellFormed } from "../utf8.js";

/** What differs between engines. */
export interface Engine {
  /** How an error of the contract is thrown. */
  fail(error: string | WireFailure): unknown;
  /** The most that can be added to a counter at once, and how the number crosses. */
  add(counter: number, by: bigint): void;
}

/** What the contract's `guest` is. */
export interface Guest {
  /** What the transform is. Throws a text where it cannot be configured with these settings. */
  configure(settings: [string, string][]): WireDescription;
  /** What becomes of these records. Throws a {@link WireFailure} where the batch fails. */
  apply(batch: WireBatch): WireOutput;
}

/** What is logged while the component is built, by modules as they load: there is no host yet. */
const early: [Level, string][] = [];
sendLog((level, message) => early.push([level, message]));

function openLog(host: Host): void {
  sendLog((level, message) => host.write(level, message));
  for (const [level, message] of early.splice(0)) host.write(level, message);
}

/** The guest that a transform is. One instance holds one transform and is never called twice at once. */
export function guest(transform: Transform | undefined, host: Host, engine: Engine): Guest {
  Reject.withoutStack = true;
  if (typeof transform?.configure !== "function") {
    throw new TypeError("the module's default export is no transform: write `export default transform(…)`");
  }
  let running: Running | undefined;
  return {
    configure(settings) {
      openLog(host);
      try {
        running = transform.configure(settings, host);
        return running.description;
      } catch (thrown) {
        throw engine.fail(wellFormed(textOf(thrown)));
      }
    },
    apply(batch) {
      try {
        if (running === undefined) throw new Error("apply was called before configure");
        const { output, counts } = running.apply(batch);
        counts.forEach((by, counter) => {
          if (by !== 0n) engine.add(counter, by);
        });
        return output;
      } catch (thrown) {
        const tag = thrown instanceof TransientFailure ? "transient" : "permanent";
        throw engine.fail({ tag, val: wellFormed(textOf(thrown)) });
      }
    },
  };
}
