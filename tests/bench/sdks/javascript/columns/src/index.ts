/** What `field` does, over the columns of a batch. */

import { text, transformColumns } from "@millstream/sdk";

const KEPT = new Set<string | null>(["swipe", "message", "profile"]);

export default transformColumns({ outputs: ["kept"], fields: { type: text("/type") } }, (batch, plan) => {
  const types = batch.fields.type;
  for (let row = 0; row < batch.length; row++) {
    if (KEPT.has(types.get(row))) plan.forward(row, "kept");
  }
});
