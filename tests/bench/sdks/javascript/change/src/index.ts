/** Parses each event, sets one member, and writes all of it anew. */

import { transform } from "@millstream/sdk";

export default transform({ outputs: ["changed"], reads: ["values"] }, (record, out) => {
  const event = record.json<{ seen?: boolean }>();
  event.seen = true;
  out.emit("changed").json(event);
});
