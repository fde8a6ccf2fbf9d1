/** Keeps the events of some types, and drops the others. */

import { setting, text, transform } from "@millstream/sdk";

export default transform(
  {
    outputs: ["kept"],
    fields: { type: text("/type") },
    settings: {
      /** The types to keep, separated by commas. */
      keep: setting.list(["swipe"]),
    },
    init: ({ keep }) => new Set(keep),
  },
  (event, out, keep) => {
    if (keep.has(event.type)) out.forward("kept");
  },
);
