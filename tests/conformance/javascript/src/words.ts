/** Words of the conformance guest's programs: bytes, in which `%` and two digits is one byte, and `~` is null. */

import { decodeText, encodeText } from "@millstream/sdk";

const PERCENT = 0x25;

/** The bytes that a word stands for. */
export function bytes(word: string): Uint8Array {
  const written = encodeText(word);
  const meant = new Uint8Array(written.length);
  let length = 0;
  for (let at = 0; at < written.length; at++) {
    const digits = String.fromCharCode(written[at + 1] ?? 0, written[at + 2] ?? 0);
    if (written[at] === PERCENT && /^[0-9A-Fa-f]{2}$/.test(digits)) {
      meant[length++] = parseInt(digits, 16);
      at += 2;
    } else {
      meant[length++] = written[at];
    }
  }
  return meant.slice(0, length);
}

/** The bytes that a word stands for, or null. */
export function bytesOrNull(word: string): Uint8Array | null {
  return word === "~" ? null : bytes(word);
}

/** The text that a word stands for. */
export function plain(word: string): string {
  return decodeText(bytes(word));
}

/** Bytes as a word. */
export function word(bytes: Uint8Array | null): string {
  if (bytes === null) return "~";
  const byte = (byte: number): string => {
    const character = String.fromCharCode(byte);
    return /^[A-Za-z0-9\-_.]$/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  };
  return Array.from(bytes, byte).join("");
}
