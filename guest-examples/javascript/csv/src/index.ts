/** Turns CSV into JSON: every line of a record becomes a record of its own, an object. */

import { Reject, setting, transform } from "@millstream/sdk";

import { WrongType, object, parseColumns } from "./columns.js";
import { Malformed, Reader } from "./csv.js";

export default transform(
  {
    reads: ["values"],
    outputs: ["json"],
    settings: {
      /** The fields of a line, in order: `id:integer, customer, price:number, paid:boolean`. */
      columns: setting.list(),
      /** What separates them. */
      delimiter: setting.custom(
        parseDelimiter,
        "`tab` or one ASCII character other than a quote or a line break",
        ",",
      ),
    },
    init: ({ columns, delimiter }) => ({ columns: parseColumns(columns), delimiter }),
  },
  (record, out, { columns, delimiter }) => {
    // Spreadsheets begin with a byte order mark.
    const reader = new Reader(record.text().replace(/^\ufeff/, ""), delimiter);
    let number = 1;
    try {
      for (let fields; (fields = reader.line()) !== null; number++) {
        if (fields.length !== columns.length) {
          const count = fields.length === 1 ? "1 field" : `${fields.length} fields`;
          throw new Reject("wrong-columns", `line ${number} has ${count}, not ${columns.length}`);
        }
        out.emit("json").value(object(columns, fields));
      }
    } catch (error) {
      if (error instanceof Malformed) throw new Reject("malformed-csv", `line ${number}: ${error.message}`);
      if (error instanceof WrongType) throw new Reject("wrong-type", `line ${number}: ${error.message}`);
      throw error;
    }
  },
);

function parseDelimiter(text: string): string | undefined {
  if (text === "tab") return "\t";
  return /^[^"\r\n\u0080-\uffff]$/.test(text) ? text : undefined;
}
