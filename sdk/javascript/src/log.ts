/** Lines for the transform's log. */

import type { Level } from "./contract.js";
import { cut, wellFormed } from "./utf8.js";

type Write = (level: Level, message: string) => void;

/** Outside of a component lines are printed; tests and components put something else here. */
let write: Write = (level, message) => console.error(`${level}: ${message}`);

/** In bytes: the host keeps 8 KiB of a line, and traps at a message of more than 1 MiB. */
const LONGEST = 65_536;

function line(level: Level, message: unknown): void {
  // No more characters than bytes: what is cut in two here is cut off below.
  write(level, cut(wellFormed(String(message).slice(0, LONGEST)), LONGEST));
}

/**
 * Writes to the transform's log, a line of at most 64 KiB. The host keeps 100 lines of a call, and 100 a second of a
 * transform; `console.log` and its siblings write to it as well.
 */
export const log = {
  /** For whoever looks for a bug. */
  debug: (message: string): void => line("debug", message),
  /** For whoever wants to know. */
  info: (message: string): void => line("info", message),
  /** Somebody should look at this some time. */
  warn: (message: string): void => line("warn", message),
  /** Somebody should look at this. */
  error: (message: string): void => line("error", message),
};

/** @internal Sends lines elsewhere; answers where they went before. */
export function sendLog(to: Write): Write {
  const before = write;
  write = to;
  return before;
}
