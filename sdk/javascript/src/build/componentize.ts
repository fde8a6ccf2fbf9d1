/** Puts a module and an engine into a component. */

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";

import type { EngineName } from "./bundle.js";
import { Complaint } from "./complaint.js";

/** The contract, which the package carries. */
const WIT = fileURLToPath(new URL("../../wit/transform.wit", import.meta.url));
const WORLD = "transform";

/** The component's bytes. The module is run once for that, up to its exports. */
export async function componentize(project: string, source: string, engine: EngineName): Promise<Uint8Array> {
  return engine === "quickjs" ? quickjs(source) : starlingmonkey(project, source);
}

async function quickjs(source: string): Promise<Uint8Array> {
  let qjs: typeof import("componentize-qjs");
  try {
    qjs = await import("componentize-qjs");
  } catch (error) {
    throw new Complaint(
      "componentize-qjs",
      `cannot be loaded: ${(error as Error).message}`,
      "run `npm install` again, without --omit=optional: its binaries are optional packages, one for each platform",
    );
  }
  try {
    // Without `sync` calls would use the asynchronous ABI, which triples what each costs.
    const { component } = await qjs.componentize({ witPath: WIT, world: WORLD, jsSource: source, sync: true });
    return component;
  } catch (error) {
    throw loading(error);
  }
}

interface ComponentizeJs {
  componentize(source: string, options: object): Promise<{ component: Uint8Array }>;
}

const STARLINGMONKEY = "@bytecodealliance/componentize-js";

/** The optional engine is the project's, not the SDK's: it is 300 MB on disk. */
async function starlingmonkey(project: string, source: string): Promise<Uint8Array> {
  const folder = (createRequire(join(project, "package.json")).resolve.paths(STARLINGMONKEY) ?? [])
    .map((modules) => join(modules, STARLINGMONKEY))
    .find((folder) => existsSync(folder));
  if (folder === undefined) {
    throw new Complaint(
      STARLINGMONKEY,
      "is not installed",
      `run \`npm install --save-dev --save-exact ${STARLINGMONKEY}@0.23.0\`, or leave out \`--engine starlingmonkey\``,
    );
  }
  // Its package has an entry for `import` alone, which Node 20 resolves only from where the import stands.
  const module = (await import(pathToFileURL(join(folder, "src/componentize.js")).href)) as ComponentizeJs;
  try {
    const options = { witPath: WIT, worldName: WORLD, disableFeatures: ["http", "fetch-event"] };
    return (await module.componentize(source, options)).component;
  } catch (error) {
    throw loading(error);
  }
}

function loading(error: unknown): Complaint {
  const message = (error as Error).message.replace(/^[:\s]+/, "").trimEnd();
  return new Complaint(
    "the bundled module",
    `cannot be made a component: ${message}`,
    "its modules are loaded for that, as in a test: correct what they throw then, and use no Node or browser API",
  );
}
