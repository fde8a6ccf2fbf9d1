/** How a transform says that something is wrong: with a record, or with a whole batch. */

import { cut } from "./utf8.js";

/**
 * Thrown by a transform: this record cannot be processed. It goes where the deployment sends failures, with this code and
 * reason, and what was emitted for it is taken back; the rest of the batch goes on.
 *
 * ```ts
 * throw new Reject("too-young", `${age} is below 18`);
 * ```
 */
export class Reject extends Error {
  override readonly name = "Reject";
  /** For machines: a-z, 0-9 and `-`, at most 64 bytes. */
  readonly code: string;
  /** For people: at most 1 KiB of UTF-8. */
  readonly reason: string;

  /**
   * @param code - What is wrong, for machines. Made lower case; characters other than a-z, 0-9 and `-` become `-`, what
   * exceeds 64 of them is cut, and an empty one becomes `error`.
   * @param reason - What is wrong, for people. What exceeds 1 KiB is cut.
   */
  constructor(code: string, reason: string) {
    const tidy = fittingCode(code);
    const text = cut(reason, 1024);
    const before = Error.stackTraceLimit;
    // A stack costs QuickJS five times what the rest of a rejection does, and a rejection never shows it.
    if (Reject.withoutStack) Error.stackTraceLimit = 0;
    super(`${tidy}: ${text}`);
    Error.stackTraceLimit = before;
    this.code = tidy;
    this.reason = text;
  }

  /** @internal Set in components, where only the code and the reason get anywhere. */
  static withoutStack = false;
}

/** Thrown by a transform: the batch may succeed later, and the host tries it again. For what is wrong with the world. */
export class TransientFailure extends Error {
  override readonly name = "TransientFailure";
}

/**
 * Thrown by a transform: the batch never will succeed, and the host looks for the records that are to blame. For what is
 * wrong with the data.
 */
export class PermanentFailure extends Error {
  override readonly name = "PermanentFailure";
}

/** Makes failures of a batch, in the words of the other languages' SDKs. */
export const Failure = {
  /** The batch may succeed later. */
  transient: (reason: string): TransientFailure => new TransientFailure(reason),
  /** The batch never will. */
  permanent: (reason: string): PermanentFailure => new PermanentFailure(reason),
};

const FITS = /^[a-z0-9-]{1,64}$/;

/** The last code that was looked at: most transforms have one or two, and a regular expression costs QuickJS a microsecond. */
let fitting = "error";

function fittingCode(code: string): string {
  if (code === fitting) return code;
  if (FITS.test(code)) return (fitting = code);
  const characters = Array.from(String(code)).slice(0, 64);
  return characters.map((c) => (/^[A-Za-z0-9-]$/.test(c) ? c.toLowerCase() : "-")).join("") || "error";
}

/** What any thrown value says, with its causes, in one line. */
export function textOf(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return String(thrown);
    const text = thrown.message === "" ? thrown.name : thrown.message;
    const cause: unknown = thrown.cause;
    return cause === undefined || cause === thrown ? text : `${text}: ${textOf(cause)}`;
  } catch {
    return "something was thrown that has no text";
  }
}

/** The rejection that any thrown value means for the record at hand; a failure of the batch is thrown on. */
export function rejectionOf(thrown: unknown): Reject {
  if (thrown instanceof Reject) return thrown;
  if (thrown instanceof TransientFailure || thrown instanceof PermanentFailure) throw thrown;
  return new Reject("error", textOf(thrown));
}

/** The rejection of a record that has no value. */
export function nullValue(): Reject {
  return new Reject("null-value", "the record has no value");
}
