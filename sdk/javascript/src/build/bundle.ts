/** Bundles a transform, its libraries and the SDK into one module that exports the contract's `guest`. */

import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { Complaint } from "./complaint.js";

/** The engine that a component carries. */
export type EngineName = "quickjs" | "starlingmonkey";

const COMPONENT = fileURLToPath(new URL("../component/index.js", import.meta.url));
const INTERFACES = "millstream:transform/";
const VERSION = "@0.1.0";

/**
 * QuickJS throws the contract's errors as they are and takes 64-bit numbers as inexact ones, so large ones go in pieces.
 * StarlingMonkey takes errors that carry a payload, and bigints.
 */
const ENGINES: Readonly<Record<EngineName, string>> = {
  quickjs: `{
    fail: (error) => error,
    add(counter, by) {
      const most = 9007199254740991n;
      for (; by > most; by -= most) add(counter, Number(most));
      add(counter, Number(by));
    },
  }`,
  starlingmonkey: `{
    fail: (error) => Object.assign(new Error("refused"), { payload: error }),
    add,
  }`,
};

/** The SDK comes first: it brings what the engine lacks and other modules may use as they load. */
function entry(file: string, engine: EngineName): string {
  return `
    import { guest as make } from ${JSON.stringify(COMPONENT)};
    import transform from ${JSON.stringify(file)};
    import { write } from "${INTERFACES}log${VERSION}";
    import { add } from "${INTERFACES}metrics${VERSION}";
    import { get } from "${INTERFACES}tables${VERSION}";
    export const guest = make(transform, { write, add, get }, ${ENGINES[engine]});
  `;
}

/** The source of the module. Messages about the user's code go to stderr. */
export async function bundle(project: string, file: string, engine: EngineName): Promise<string> {
  try {
    const result = await build({
      stdin: { contents: entry(file, engine), resolveDir: project, sourcefile: "millstream-entry.js", loader: "js" },
      absWorkingDir: project,
      bundle: true,
      write: false,
      format: "esm",
      target: "es2022",
      // Neither a browser nor Node: packages that need one of them cannot work, and say so here.
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["import", "module"],
      external: [`${INTERFACES}*`],
      legalComments: "none",
      keepNames: false,
      logLevel: "warning",
    });
    return result.outputFiles[0].text;
  } catch (error) {
    if (!isBuildFailure(error)) throw error;
    throw new Complaint(file, "cannot be bundled: the messages are above", remedy(error.errors));
  }
}

interface BuildFailure {
  errors: { text: string }[];
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}

function remedy(errors: readonly { text: string }[]): string {
  if (errors.some(({ text }) => text.includes("No matching export") && text.includes('"default"'))) {
    return "export the transform: `export default transform(…)`";
  }
  if (
    errors.some(({ text }) =>
      /"node:|Could not resolve "(fs|path|crypto|util|stream|buffer|events|os|net|http)"/.test(text),
    )
  ) {
    return "a component has no Node modules: use a package that works in browsers, or do without";
  }
  return "correct what they say, or `npm install` what cannot be resolved";
}
