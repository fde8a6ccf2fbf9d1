/** Sends swipes to the right to one topic and swipes to the left to another; other events are dropped. */

import { Reject, text, transform } from "@millstream/sdk";

export default transform(
  {
    outputs: ["likes", "passes"],
    // What the host takes out of each event. The event itself never enters this component.
    fields: {
      type: text("/type"),
      // Only swipes have one, so whatever else stands there is not looked at.
      direction: text("/direction").lenient(),
    },
  },
  (event, out) => {
    if (event.type !== "swipe") return;
    const { direction } = event;
    if (direction === "right") out.forward("likes");
    else if (direction === "left") out.forward("passes");
    else if (direction === null) throw new Reject("unknown-direction", "the swipe has no direction");
    else throw new Reject("unknown-direction", `a swipe ${JSON.stringify(direction)} is neither left nor right`);
  },
);
