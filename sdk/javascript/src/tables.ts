/** Tables: the latest value for each key of a topic, kept by the host. */

import { NONE, isSet, u32s } from "./bytes.js";
import { columnOf } from "./builder.js";
import { Column } from "./columns.js";
import type { Host, WireColumn } from "./contract.js";
import { unknown } from "./counts.js";
import type { Content } from "./emission.js";

/** The tables that a transform declares. Only within a call. */
export class Tables<Table extends string = string> {
  private readonly host: Host;
  private readonly indexes: Readonly<Record<string, number>>;

  /** @internal */
  constructor(host: Host, indexes: Readonly<Record<string, number>>) {
    this.host = host;
    this.indexes = indexes;
  }

  private index(table: string): number {
    const index = this.indexes[table];
    if (index === undefined) throw new Error(unknown("table", table, this.indexes));
    return index;
  }

  /**
   * What a table has under this key; null where it has nothing. Each call crosses to the host: {@link Tables.getAll} asks for
   * many keys at once, and a lookup joins the table to every record before the transform is called.
   */
  get(table: Table, key: Content): Uint8Array | null {
    const { data, nulls } = this.host.get(this.index(table), columnOf([key]));
    return isSet(nulls, 0) ? null : data;
  }

  /** What a table has under these keys, key for key, all from one version of it; null where it has nothing. */
  getAll(table: Table, keys: Column | Iterable<Content>): Column {
    return new Column(this.host.get(this.index(table), keys instanceof Column ? wire(keys) : columnOf(keys)));
  }
}

function wire(column: Column): WireColumn {
  const { data, ends, nulls } = column;
  return { data, ends: new Uint8Array(ends.buffer as ArrayBuffer, ends.byteOffset, ends.byteLength), nulls };
}

/** @internal Tables that have nothing: where nobody offers any. */
export function noTables(_table: number, keys: WireColumn): WireColumn {
  const entries = u32s(keys.ends).length;
  return { data: NONE, ends: new Uint8Array(4 * entries), nulls: new Uint8Array((entries + 7) >> 3).fill(0xff) };
}
