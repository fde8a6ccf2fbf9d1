/** Joins the profile of the person who was swiped into each swipe. */

import { integer, lookup, text, transform } from "@millstream/sdk";

export default transform(
  {
    reads: ["values"],
    outputs: ["joined", "unknown"],
    counters: ["unknown_profiles"],
    tables: ["profiles"],
    // What the host takes out of each swipe, and what it looks up for it.
    fields: { target: text("/target") },
    lookups: {
      // People need not say either, and a profile with one of them is better than none.
      name: lookup("profiles", { by: "target", take: text("/name").lenient() }),
      age: lookup("profiles", { by: "target", take: integer("/age").lenient() }),
    },
  },
  ({ name, age }, out) => {
    if (name === null && age === null) {
      out.count("unknown_profiles");
      out.forward("unknown");
      return;
    }
    // What is not known is left out: JSON has no member that is undefined.
    out.emit("joined").extendJson({ profile: { name: name ?? undefined, age: age ?? undefined } });
  },
);
