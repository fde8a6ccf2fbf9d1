/** Sends three types of events to outputs of their own, by a header. */

import { header, text, transform } from "@millstream/sdk";

export default transform(
  { outputs: ["swipes", "messages", "profiles"], fields: { type: text(header("type")) } },
  (event, out) => {
    switch (event.type) {
      case "swipe":
        return out.forward("swipes");
      case "message":
        return out.forward("messages");
      case "profile":
        return out.forward("profiles");
    }
  },
);
