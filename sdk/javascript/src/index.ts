/**
 * Write Millstream transforms in TypeScript: a function over Kafka records that becomes a WebAssembly component.
 *
 * {@link transform} goes record by record, {@link transformColumns} batch by batch. `millstream-build` makes the component;
 * `@millstream/sdk/testing` runs a transform in plain unit tests.
 *
 * @packageDocumentation
 */

export type { AnyBatch, Batch, ColumnOf } from "./batch.js";
export type {
  BooleanColumn,
  Column,
  FieldColumn,
  Header,
  HeaderColumns,
  IntegerColumn,
  NumberColumn,
  TextColumn,
} from "./columns.js";
export type { FieldKind, Level, Presence } from "./contract.js";
export type { Fields, ReadPart } from "./declare/declaration.js";
export type { Field, PartName, Place, TypeOf } from "./declare/fields.js";
export { boolean, header, integer, key, number, raw, text } from "./declare/fields.js";
export type { Lookup } from "./declare/lookups.js";
export { lookup } from "./declare/lookups.js";
export type { Setting, Settings, SettingsOf } from "./declare/settings.js";
export { setting } from "./declare/settings.js";
export type { Content, Emission } from "./emission.js";
export type { Emitter, Plan } from "./emitter.js";
export { stringify } from "./json.js";
export { log } from "./log.js";
export type {
  AnyRecord,
  FieldValues,
  LookupValues,
  Record,
  RecordHeaders,
  RecordKey,
  RecordOffset,
  RecordTimestamp,
  RecordValue,
} from "./record.js";
export { Failure, PermanentFailure, Reject, TransientFailure } from "./reject.js";
export type { Tables } from "./tables.js";
export type { Declaration, Transform } from "./transform.js";
export { transform, transformColumns } from "./transform.js";
export { decodeLossy, decodeText, encodeText } from "./utf8.js";
