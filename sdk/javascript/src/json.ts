/** JSON that is written: as `JSON.stringify` does it, with integers of any size. */

import { Reject, textOf } from "./reject.js";
import { encodeText } from "./utf8.js";

/**
 * The JSON of a value, without spaces. Like `JSON.stringify`, but a bigint is written as the integer that it is.
 *
 * @throws Reject `unwritable-json` where the value has none, such as a function or a cycle.
 */
export function stringify(value: unknown): string {
  let text: string | undefined;
  try {
    // The engine's own is ten times as fast, and refuses bigints.
    text = JSON.stringify(value) as string | undefined;
  } catch (error) {
    if (!(error instanceof TypeError)) throw unwritable(textOf(error));
    text = written(value, "", []);
  }
  if (text === undefined) throw unwritable(`a ${typeof value} has no JSON`);
  return text;
}

function unwritable(reason: string): Reject {
  return new Reject("unwritable-json", reason);
}

function written(value: unknown, name: string, around: object[]): string | undefined {
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return JSON.stringify(value) as string | undefined;
  if (around.includes(value)) throw unwritable("the value contains itself");
  const inside = [...around, value];
  if ("toJSON" in value && typeof value.toJSON === "function") {
    return written(value.toJSON(name) as unknown, name, inside);
  }
  if (Array.isArray(value)) {
    return `[${value.map((element, i) => written(element, String(i), inside) ?? "null").join(",")}]`;
  }
  if (value instanceof String || value instanceof Number || value instanceof Boolean) return JSON.stringify(value);
  const members: string[] = [];
  for (const [member, inner] of Object.entries(value)) {
    const text = written(inner, member, inside);
    if (text !== undefined) members.push(`${JSON.stringify(member)}:${text}`);
  }
  return `{${members.join(",")}}`;
}

const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The pieces of a JSON object with more members: what stands before its last brace, the members, and the rest. The object is
 * not parsed, so check it before; of a member that it already has, readers take the last.
 */
export function extended(object: Uint8Array, members: object): Uint8Array[] {
  let end = object.length - 1;
  while (end >= 0 && SPACES.has(object[end])) end--;
  let start = 0;
  while (start < end && SPACES.has(object[start])) start++;
  if (end <= start || object[start] !== 0x7b || object[end] !== 0x7d) {
    throw new Reject("unexpected-json", "the value is not an object");
  }
  const text = stringify(members);
  if (!text.startsWith("{")) throw unwritable("what is added is not an object");
  if (text === "{}") return [object];
  let last = end - 1;
  while (last > start && SPACES.has(object[last])) last--;
  const added = text.slice(1, -1);
  return [object.subarray(0, end), encodeText(last === start ? added : `,${added}`), object.subarray(end)];
}
