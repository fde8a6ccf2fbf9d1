/** Tells the events of bots from those of people, by what a table has about their sessions. */

import { lookup, number, setting, text, transform } from "@millstream/sdk";

export default transform(
  {
    outputs: ["humans", "bots"],
    counters: ["unknown_sessions"],
    tables: ["sessions"],
    // What the host takes out of each event, and what it looks up for it. The event itself never enters this component.
    fields: { session: text("/session") },
    lookups: {
      /** How likely the session is a bot's, from 0 to 1. Not every session has been judged. */
      score: lookup("sessions", { by: "session", take: number("/bot-score").lenient() }),
    },
    settings: {
      /** From this score on a session is a bot's. */
      limit: setting.number(0.9),
    },
  },
  ({ score }, out, { limit }) => {
    // Nobody is taken for a bot without a reason.
    if (score === null) out.count("unknown_sessions");
    out.forward(score !== null && score >= limit ? "bots" : "humans");
  },
);
