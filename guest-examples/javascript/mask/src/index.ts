/** Makes e-mail addresses and card numbers in the strings of JSON unreadable. All else stays as it is, byte for byte. */

import { setting, transform } from "@millstream/sdk";

import { bytesOf, textOf } from "./bytes.js";
import { masked } from "./masked.js";

const KINDS = ["email", "card"] as const;

export default transform(
  {
    outputs: ["masked"],
    reads: ["values"],
    counters: ["emails", "cards"],
    settings: {
      /** What is masked. */
      mask: setting.list(KINDS),
    },
    init: ({ mask }) => {
      const unknown = mask.find((kind) => !KINDS.some((known) => known === kind));
      if (unknown !== undefined) {
        throw new Error(`setting \`mask\` names \`${unknown}\`: there are \`${KINDS.join("` and `")}\``);
      }
      return { email: mask.includes("email"), card: mask.includes("card") };
    },
  },
  ({ value }, out, kinds) => {
    // In a value that is null there is nothing to find.
    const { text, emails, cards } = masked(value === null ? "" : textOf(value), kinds);
    if (emails + cards === 0) {
      out.forward("masked");
      return;
    }
    out.emit("masked").value(bytesOf(text));
    out.count("emails", emails);
    out.count("cards", cards);
  },
);
