/**
 * What QuickJS lacks and libraries take for granted: `console`, `TextEncoder` and `TextDecoder` (UTF-8 alone). Where an engine
 * has them it keeps its own, but for `console`: its lines are to keep their level.
 */

import { log } from "../log.js";
import { decodeLossy, decodeText, encodeText } from "../utf8.js";

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Error)
    return value.stack === undefined || value.stack === "" ? String(value) : `${String(value)}\n${value.stack}`;
  try {
    return (JSON.stringify(value) as string | undefined) ?? String(value);
  } catch {
    return String(value);
  }
}

function joined(values: unknown[]): string {
  return values.map(shown).join(" ");
}

class Encoder {
  readonly encoding = "utf-8";
  encode(text = ""): Uint8Array {
    return encodeText(text);
  }
}

class Decoder {
  readonly encoding = "utf-8";
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`the encoding ${label} is not there, utf-8 is`);
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }
  decode(bytes: ArrayBuffer | ArrayBufferView = new Uint8Array(0)): string {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    const text = this.fatal ? decodeText(view) : decodeLossy(view);
    return !this.ignoreBOM && text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

const own: Record<string, unknown> = {
  console: {
    debug: (...values: unknown[]) => log.debug(joined(values)),
    trace: (...values: unknown[]) => log.debug(joined(values)),
    log: (...values: unknown[]) => log.info(joined(values)),
    info: (...values: unknown[]) => log.info(joined(values)),
    warn: (...values: unknown[]) => log.warn(joined(values)),
    error: (...values: unknown[]) => log.error(joined(values)),
  },
  TextEncoder: (globalThis as { TextEncoder?: unknown }).TextEncoder ?? Encoder,
  TextDecoder: (globalThis as { TextDecoder?: unknown }).TextDecoder ?? Decoder,
};
Object.assign(globalThis, own);
