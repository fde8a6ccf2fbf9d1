/**
 * UTF-8. Node and StarlingMonkey have coders of their own; QuickJS has none, and a loop over bytes costs it 200 ns a byte.
 * Its functions in C cost 5 to 20: base64 there and back moves bytes into a string, `escape` and `decodeURIComponent` know
 * UTF-8.
 */

import { NONE, areAscii } from "./bytes.js";

/** Turns bytes into text and back. */
export interface Coder {
  /** The text of these bytes. Throws where they are not UTF-8. */
  decode(bytes: Uint8Array): string;
  /** The bytes of this text; half a surrogate pair becomes U+FFFD. */
  encode(text: string): Uint8Array;
}

interface Natives {
  toBase64?(): string;
  setFromBase64?(text: string): unknown;
}
declare const escape: (text: string) => string;
declare const unescape: (text: string) => string;

/** Looked for, and not its opposite from end to end: that would remember every character to go back to. */
const NOT_ASCII = /[^\0-\x7f]/;
/** Arguments of one call that fit every engine's stack. */
const CHUNK = 4096;
/** From here on base64 is faster than passing bytes as arguments. */
const SHORT = 32;

/** Whether this text is ASCII: then its length is that of its bytes. */
export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** One character a byte, whatever the bytes are. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.length > SHORT) {
    const native = bytes as Natives;
    if (native.toBase64 !== undefined) return atob(native.toBase64());
    if (bytes.length > CHUNK) {
      let text = "";
      for (let at = 0; at < bytes.length; at += CHUNK) text += latin1(bytes.subarray(at, at + CHUNK));
      return text;
    }
  }
  return String.fromCharCode.apply(null, bytes as unknown as number[]);
}

/** Bytes of a text whose characters are bytes. */
function bytesOf(latin: string): Uint8Array {
  const bytes = new Uint8Array(latin.length);
  const native = bytes as Natives;
  if (native.setFromBase64 !== undefined) native.setFromBase64(btoa(latin));
  else for (let at = 0; at < latin.length; at++) bytes[at] = latin.charCodeAt(at);
  return bytes;
}

/** The bytes of this text if it is ASCII, with QuickJS's functions. */
function asciiOf(text: string): Uint8Array | undefined {
  if (text.length <= SHORT || (NONE as Natives).setFromBase64 === undefined) {
    return isAscii(text) ? bytesOf(text) : undefined;
  }
  // Looking at the bytes, word by word, costs QuickJS less than half of looking at the text.
  try {
    const bytes = bytesOf(text);
    return areAscii(bytes) ? bytes : undefined;
  } catch {
    // A character that is no byte.
    return undefined;
  }
}

/** For engines without coders. */
export const QUICKJS: Coder = {
  decode(bytes) {
    const text = latin1(bytes);
    const ascii = bytes.length > SHORT ? areAscii(bytes) : isAscii(text);
    return ascii ? text : decodeURIComponent(escape(text));
  },
  encode(text) {
    return asciiOf(text) ?? bytesOf(unescape(encodeURIComponent(wellFormed(text))));
  },
};

function standard(): Coder {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const encoder = new TextEncoder();
  return { decode: (bytes) => decoder.decode(bytes), encode: (text) => encoder.encode(text) };
}

const coder = typeof TextDecoder === "function" && typeof TextEncoder === "function" ? standard() : QUICKJS;

/**
 * The text of these bytes, which are UTF-8.
 *
 * @throws Error where they are not.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return coder.decode(bytes);
  } catch {
    throw new Error(`the bytes are not text: invalid UTF-8 at byte ${validUpTo(bytes)}`);
  }
}

/** The bytes of this text in UTF-8; half a surrogate pair becomes U+FFFD. */
export function encodeText(text: string): Uint8Array {
  return coder.encode(text);
}

/** The bytes of this text if it is ASCII. */
export function encodeAscii(text: string): Uint8Array | undefined {
  if (coder !== QUICKJS) {
    const bytes = coder.encode(text);
    return bytes.length === text.length ? bytes : undefined;
  }
  return asciiOf(text);
}

/** The text of these bytes; what is not UTF-8 becomes U+FFFD. */
export function decodeLossy(bytes: Uint8Array): string {
  let text = "";
  let rest = bytes;
  for (;;) {
    try {
      return text + coder.decode(rest);
    } catch {
      const valid = validUpTo(rest);
      text += coder.decode(rest.subarray(0, valid)) + "\ufffd";
      rest = rest.subarray(valid + brokenAt(rest, valid));
    }
  }
}

/** A text that can cross to the host: half a surrogate pair would trap there. */
export function wellFormed(text: string): string {
  return (text as string & { toWellFormed?(): string }).toWellFormed?.() ?? decodeText(encodeText(text));
}

/** At most so many bytes of UTF-8, cut between characters. */
export function cut(text: string, bytes: number): string {
  // Three bytes a unit at most, so most texts need not be encoded to know.
  if (text.length * 3 <= bytes) return text;
  const encoded = encodeText(text);
  if (encoded.length <= bytes) return text;
  let end = bytes;
  while ((encoded[end] & 0xc0) === 0x80) end--;
  return decodeText(encoded.subarray(0, end));
}

/** The length of the character that begins here, and the least and the greatest second byte of it; 0 where none begins. */
function lead(byte: number): [length: number, least: number, greatest: number] {
  if (byte < 0x80) return [1, 0, 0];
  if (byte >= 0xc2 && byte <= 0xdf) return [2, 0x80, 0xbf];
  if (byte >= 0xe0 && byte <= 0xef) return [3, byte === 0xe0 ? 0xa0 : 0x80, byte === 0xed ? 0x9f : 0xbf];
  if (byte >= 0xf0 && byte <= 0xf4) return [4, byte === 0xf0 ? 0x90 : 0x80, byte === 0xf4 ? 0x8f : 0xbf];
  return [0, 0, 0];
}

/** How many bytes from `at` on belong to one broken character. */
function brokenAt(bytes: Uint8Array, at: number): number {
  const [length, least, greatest] = lead(bytes[at]);
  let good = 1;
  for (; good < length && at + good < bytes.length; good++) {
    const byte = bytes[at + good];
    if (byte < (good === 1 ? least : 0x80) || byte > (good === 1 ? greatest : 0xbf)) break;
  }
  return good;
}

/** How many bytes are UTF-8, from the start. */
export function validUpTo(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const [length] = lead(bytes[at]);
    if (length === 0 || brokenAt(bytes, at) < length) return at;
    at += length;
  }
  return at;
}
