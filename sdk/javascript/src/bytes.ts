/** Numbers and bit sets as they lie in a batch. */

/** No bytes. */
export const NONE = new Uint8Array(0);

/** The 32-bit numbers in these bytes, looked at where they lie if their place allows that. */
export function u32s(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}

/** The signed 64-bit numbers in these bytes. */
export function s64s(bytes: Uint8Array): BigInt64Array {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return new BigInt64Array(aligned.buffer, aligned.byteOffset, aligned.length >> 3);
}

/** The floating-point numbers in these bytes. */
export function f64s(bytes: Uint8Array): Float64Array {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return new Float64Array(aligned.buffer, aligned.byteOffset, aligned.length >> 3);
}

/** The bytes of the first `count` numbers of a typed array, without copying them. */
export function bytesOf(numbers: Uint32Array | Uint16Array, count: number): Uint8Array {
  return new Uint8Array(numbers.buffer as ArrayBuffer, numbers.byteOffset, count * numbers.BYTES_PER_ELEMENT);
}

/** These numbers as 32-bit ones. With `set`: to make an array of an array takes QuickJS an iterator, and five times as long. */
export function u32Bytes(numbers: readonly number[]): Uint8Array {
  const typed = new Uint32Array(numbers.length);
  typed.set(numbers);
  return bytesOf(typed, numbers.length);
}

/** These numbers as 16-bit ones. */
export function u16Bytes(numbers: readonly number[]): Uint8Array {
  const typed = new Uint16Array(numbers.length);
  typed.set(numbers);
  return bytesOf(typed, numbers.length);
}

/** Whether entry `i` is in a bit set; none is in a set without bytes. */
export function isSet(bits: Uint8Array, i: number): boolean {
  return bits.length !== 0 && ((bits[i >> 3] >> (i & 7)) & 1) === 1;
}

/**
 * Whether the first `count` words, a multiple of four, are ASCII. Sixteen bytes a turn: an interpreter pays for turns and
 * instructions, not for bytes. And `var`: before every use of a `let` or `const` QuickJS asks whether it was initialised.
 */
function areAsciiWords(words: Uint32Array, count: number): boolean {
  var wide = 0;
  for (var at = 0; at < count; ) wide |= words[at++] | words[at++] | words[at++] | words[at++];
  return (wide & 0x80808080) === 0;
}

/** Whether all of these bytes are ASCII. */
export function areAscii(bytes: Uint8Array): boolean {
  let high = 0;
  let at = 0;
  if (bytes.length >= 16) {
    const head = -bytes.byteOffset & 3;
    while (at < head) high |= bytes[at++];
    const words = (bytes.length - at) >> 2;
    if (!areAsciiWords(new Uint32Array(bytes.buffer, bytes.byteOffset + at, words), words & ~3)) return false;
    at += (words & ~3) * 4;
  }
  while (at < bytes.length) high |= bytes[at++];
  return high < 0x80;
}
