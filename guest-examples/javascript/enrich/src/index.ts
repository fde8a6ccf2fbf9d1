/** Adds to each event the region of its country and the hour of its day, and a header with the region. */

import { integer, setting, text, transform } from "@millstream/sdk";

const HOUR = 3_600_000n;

export default transform(
  {
    reads: ["values"],
    outputs: ["enriched"],
    fields: { country: text("/country"), at: integer("/at") },
    settings: {
      /** Countries and their regions: `GB = europe, BR = latin-america`. */
      regions: setting.map(new Map()),
      /** The region of the other countries. */
      fallback: setting.text("elsewhere"),
    },
  },
  (event, out, { regions, fallback }) => {
    const region = regions.get(event.country) ?? fallback;
    out
      .emit("enriched")
      .extendJson({ region, hour: hour(event.at) })
      .header("region", region);
  },
);

/** The hour of the day, UTC, also before 1970: the remainder of a negative number is negative. */
function hour(milliseconds: bigint): number {
  const inDay = ((milliseconds % (24n * HOUR)) + 24n * HOUR) % (24n * HOUR);
  return Number(inDay / HOUR);
}
