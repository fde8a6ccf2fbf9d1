/**
 * Fields that the host takes out of each record, so that the component need not parse it. The host checks the whole of each
 * value (it is JSON), finds all fields in one pass outside of WebAssembly, and rejects records that are malformed or lack what
 * is required before the component is called.
 */

import type { FieldKind, Presence, WireField, WirePart } from "../contract.js";

/** The part of a record that a field is in. */
export type PartName = "value" | "key" | "header";

/** A place in a record. See {@link key} and {@link header}; a plain path leads into the value. */
export interface Place<Part extends PartName = PartName> {
  /** @internal */
  readonly part: WirePart & { tag: Part };
  /** @internal */
  readonly path: string;
}

/**
 * A declared field, of type `T`. Made by {@link text}, {@link integer}, {@link number}, {@link boolean} and {@link raw}.
 *
 * | | absent or null | of another type |
 * | --- | --- | --- |
 * | as it is | the record is rejected | the record is rejected |
 * | `.nullable()` | null | the record is rejected |
 * | `.lenient()` | null | null |
 */
export interface Field<T, Part extends PartName = PartName> {
  /** Null where it is absent or null. */
  nullable(): Field<T | null, Part>;
  /** Null where it is absent, null or of another type. */
  lenient(): Field<T | null, Part>;
  /** @internal */
  readonly declared: WireField;
  /** Only a type: what the field is. */
  readonly type?: T;
  /** Only a type: where the field is. */
  readonly in?: Part;
}

/** The type of a field. */
export type TypeOf<F> = F extends Field<infer T, PartName> ? T : never;

function field<T, Part extends PartName>(
  kind: FieldKind,
  where: string | Place<Part>,
  presence: Presence,
): Field<T, Part> {
  const place = typeof where === "string" ? { part: { tag: "value" } as const, path: where } : where;
  return {
    declared: { part: place.part, path: place.path, kind, presence },
    nullable: () => field<T | null, Part>(kind, where, "nullable"),
    lenient: () => field<T | null, Part>(kind, where, "lenient"),
  };
}

/** The whole key as it stands, or with a JSON Pointer a place in it: then the key is JSON. */
export function key(path = ""): Place<"key"> {
  return { part: { tag: "key" }, path };
}

/** The last header of this name. */
export function header(name: string): Place<"header"> {
  return { part: { tag: "header", val: name }, path: "" };
}

/**
 * The text of a JSON string, without quotes and escapes; of a header or the whole key its text.
 *
 * @param where - A JSON Pointer (RFC 6901) into the value such as `/user/name`, or {@link key} or {@link header}.
 */
export function text<Part extends PartName = "value">(where: string | Place<Part>): Field<string, Part> {
  return field("text", where, "required");
}

/** A number written without fraction and exponent that fits a signed 64-bit integer. */
export function integer<Part extends PartName = "value">(where: string | Place<Part>): Field<bigint, Part> {
  return field("integer", where, "required");
}

/** The closest floating-point number. */
export function number<Part extends PartName = "value">(where: string | Place<Part>): Field<number, Part> {
  return field("number", where, "required");
}

/** `true` or `false`. */
export function boolean<Part extends PartName = "value">(where: string | Place<Part>): Field<boolean, Part> {
  return field("boolean", where, "required");
}

/** The encoded text of any JSON but `null`, as it stands; for the empty path the bytes themselves, which need not be JSON. */
export function raw<Part extends PartName = "value">(where: string | Place<Part>): Field<Uint8Array, Part> {
  return field("raw", where, "required");
}
