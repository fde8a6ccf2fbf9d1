/** Takes declared fields out of records, as the host does. */

import type { FieldKind, WireField } from "../contract.js";
import { decodeText, encodeText, latin1 } from "../utf8.js";
import { Malformed, type Node, parse } from "./json.js";

/** What a field of a row is; null where there is none. */
export type Value = Uint8Array | bigint | number | boolean | null;

/** Why the host does not show a row to the transform. */
export class Refused extends Error {
  constructor(
    readonly code: "malformed-json" | "missing-field" | "wrong-type",
    readonly reason: string,
  ) {
    super(`${code}: ${reason}`);
  }
}

/** Text of bytes that are JSON, parsed once however many fields are in it. */
export class Part {
  private root: Node | undefined = undefined;
  constructor(
    readonly name: string,
    readonly bytes: Uint8Array | null,
  ) {}

  /** The value at a place. Throws {@link Refused} where the part is not JSON. */
  find(path: string): { node: Node; text: Uint8Array } | undefined {
    if (this.bytes === null) return undefined;
    let node: Node | undefined = this.json(this.bytes);
    for (const token of tokens(path)) node = node && below(node, token);
    return node && { node, text: this.bytes.subarray(node.start, node.end) };
  }

  private json(bytes: Uint8Array): Node {
    try {
      return (this.root ??= parse(bytes));
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      throw new Refused("malformed-json", `the ${this.name} is not JSON: ${error.message}`);
    }
  }
}

function tokens(path: string): string[] {
  if (path === "") return [];
  if (!path.startsWith("/")) throw new Error(`the field "${path}": a JSON Pointer is empty or starts with \`/\``);
  return path
    .slice(1)
    .split("/")
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function below(node: Node, token: string): Node | undefined {
  if (node.members !== undefined) return node.members.get(token);
  return /^(0|[1-9][0-9]*)$/.test(token) ? node.elements?.[Number(token)] : undefined;
}

/** The parts of a row that fields are in. */
export interface Parts {
  readonly value: Part;
  readonly key: Part;
  header(name: string): Uint8Array | null;
}

/** A row's field. Throws {@link Refused} where the host would reject the row. */
export function extract(field: WireField, parts: Parts): Value {
  const { part, path, kind, presence } = field;
  const whole = part.tag !== "value" ? path === "" : path === "" && kind === "raw";
  const source =
    part.tag === "header" ? parts.header(part.val) : part.tag === "key" ? parts.key.bytes : parts.value.bytes;
  const json = whole || part.tag === "header" ? undefined : parts[part.tag].find(path);
  const found = whole ? source : (json?.text ?? null);
  if (found === null || (!whole && latin1(found) === "null")) {
    const excused = part.tag === "value" && source === null;
    if (presence === "required" && !excused) throw new Refused("missing-field", `${shown(field)} is missing or null`);
    return null;
  }
  const value = whole ? plain(kind, found) : decoded(kind, found);
  if (value === null && presence !== "lenient") {
    const at = json === undefined ? "" : ` (at byte ${json.node.start})`;
    throw new Refused("wrong-type", `${shown(field)} is not ${KINDS[kind]}${at}`);
  }
  return value;
}

const KINDS: Readonly<Record<FieldKind, string>> = {
  text: "a text",
  integer: "an integer of 64 bits",
  number: "a number",
  boolean: "true or false",
  raw: "a value",
};

function shown({ part, path }: WireField): string {
  if (part.tag === "header") return `the header \`${part.val}\``;
  return path === "" ? `the ${part.tag}` : `\`${path}\` of the ${part.tag}`;
}

/** A whole part that is not JSON; scalars are written as in JSON. */
function plain(kind: FieldKind, bytes: Uint8Array): Value {
  if (kind === "raw") return bytes;
  try {
    if (kind === "text") return encodeText(decodeText(bytes));
    const { start, end } = parse(bytes);
    return decoded(kind, bytes.subarray(start, end));
  } catch {
    return null;
  }
}

/** A checked piece of JSON as a field of this kind; null where it is another. */
function decoded(kind: FieldKind, bytes: Uint8Array): Value {
  const json = decodeText(bytes);
  switch (kind) {
    case "raw":
      return bytes;
    case "text":
      return json.startsWith('"') ? textOf(json) : null;
    case "integer":
      return /^-?[0-9]+$/.test(json) ? fitting(BigInt(json)) : null;
    case "number": {
      const number = /^[-0-9]/.test(json) ? Number(json) : NaN;
      return Number.isFinite(number) ? number : null;
    }
    case "boolean":
      return json === "true" ? true : json === "false" ? false : null;
  }
}

/** An escape that is no character makes a string another type. */
function textOf(json: string): Uint8Array | null {
  const text = JSON.parse(json) as string;
  return /\p{Surrogate}/u.test(text) ? null : encodeText(text);
}

function fitting(integer: bigint): bigint | null {
  return BigInt.asIntN(64, integer) === integer ? integer : null;
}
