/** Keeps three types of events, by a declared field. */

import { text, transform } from "@millstream/sdk";

const KEPT = new Set(["swipe", "message", "profile"]);

export default transform({ outputs: ["kept"], fields: { type: text("/type") } }, (event, out) => {
  if (KEPT.has(event.type)) out.forward("kept");
});
