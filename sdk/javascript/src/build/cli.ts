/** `millstream-build`: the component of the transform in this folder. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

import { type EngineName, bundle } from "./bundle.js";
import { Complaint } from "./complaint.js";
import { componentize } from "./componentize.js";

const HELP = `Build the component of the transform in this folder

Checks its types where there is a tsconfig.json and the project has TypeScript, bundles it with its libraries and the SDK, and
puts it into a component together with a JavaScript engine. Prints the component's path.

Usage: millstream-build [OPTIONS] [ENTRY]

Arguments:
  [ENTRY]  The module whose default export is the transform [default: src/index.ts, .mts, .js or .mjs]

Options:
  -o, --out <FILE>       Where the component goes [default: build/NAME.wasm, NAME from package.json]
      --engine <ENGINE>  quickjs, or starlingmonkey, which is larger and slower to call, and faster at long computations
                         [default: quickjs]
      --bundle <FILE>    Write the bundled JavaScript to this file as well
      --no-check         Do not check types
  -h, --help             Print this
  -V, --version          Print the SDK's version
`;

const ENTRIES = ["src/index.ts", "src/index.mts", "src/index.js", "src/index.mjs"];

interface Options {
  entry: string;
  out: string;
  engine: EngineName;
  bundle: string | undefined;
  check: boolean;
}

/** Runs the command; answers its exit code: 2 where the command line is wrong, 1 where the build failed. */
export async function main(args: string[]): Promise<number> {
  const project = process.cwd();
  try {
    const options = parse(project, args);
    if (typeof options === "string") {
      process.stdout.write(options);
      return 0;
    }
    if (options.check) checkTypes(project);
    const source = await bundle(project, options.entry, options.engine);
    if (options.bundle !== undefined) write(options.bundle, source);
    write(options.out, await componentize(project, source, options.engine));
    process.stdout.write(`${relative(project, options.out)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    process.stderr.write(`error: ${error.message}\nhelp: ${error.help}\n`);
    return error instanceof Usage ? 2 : 1;
  }
}

class Usage extends Complaint {}

/** What is asked for, or the text to print instead. */
function parse(project: string, args: string[]): Options | string {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        out: { type: "string", short: "o" },
        engine: { type: "string", default: "quickjs" },
        bundle: { type: "string" },
        "no-check": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
        version: { type: "boolean", short: "V", default: false },
      },
    });
  } catch (error) {
    throw new Usage("the command line", (error as Error).message, "run `millstream-build --help`");
  }
  const { values, positionals } = parsed;
  if (values.help) return HELP;
  if (values.version) return `${own().version}\n`;
  if (positionals.length > 1) {
    throw new Usage(
      `\`${positionals[1]}\``,
      "is a second module",
      "name one: the others are bundled because it imports them",
    );
  }
  const { engine } = values;
  if (engine !== "quickjs" && engine !== "starlingmonkey") {
    throw new Usage(`--engine ${engine}`, "is not known", "it is quickjs or starlingmonkey");
  }
  return {
    entry: entryOf(project, positionals[0]),
    out: resolve(project, values.out ?? `build/${nameOf(project)}.wasm`),
    engine,
    bundle: values.bundle === undefined ? undefined : resolve(project, values.bundle),
    check: !values["no-check"],
  };
}

function entryOf(project: string, given: string | undefined): string {
  const found = (given === undefined ? ENTRIES : [given])
    .map((file) => resolve(project, file))
    .find((file) => existsSync(file));
  if (found !== undefined) return found;
  if (given !== undefined)
    throw new Usage(given, "is not there", "name the module whose default export is the transform");
  throw new Complaint(
    project,
    "has no src/index.ts",
    "run this in a transform's folder, or name the module: `millstream-build FILE`",
  );
}

function nameOf(project: string): string {
  let name: unknown;
  try {
    name = (JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as { name?: unknown }).name;
  } catch (error) {
    throw new Complaint(
      "package.json",
      `cannot be read: ${(error as Error).message}`,
      "say where the component goes: -o FILE",
    );
  }
  if (typeof name !== "string" || name === "") {
    throw new Complaint("package.json", "has no `name`", "give it one, or say where the component goes: -o FILE");
  }
  return name.replace(/^@[^/]*\//, "");
}

function own(): { version: string } {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
}

/** Bundling takes types out without looking at them. The project's own compiler checks them, if it has one. */
function checkTypes(project: string): void {
  if (!existsSync(join(project, "tsconfig.json"))) return;
  let tsc: string;
  try {
    const require = createRequire(join(project, "package.json"));
    const manifest = require.resolve("typescript/package.json");
    const { bin } = JSON.parse(readFileSync(manifest, "utf8")) as { bin: { tsc: string } };
    tsc = join(dirname(manifest), bin.tsc);
  } catch {
    return;
  }
  // What it prints is for people: stdout has the component's path and nothing else.
  const { status } = spawnSync(process.execPath, [tsc, "--noEmit", "-p", project], {
    cwd: project,
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) {
    throw new Complaint(
      "the transform",
      "has wrong types: the messages are above",
      "correct them, or build with --no-check",
    );
  }
}

function write(file: string, contents: string | Uint8Array): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, contents);
  } catch (error) {
    throw new Complaint(
      file,
      `cannot be written: ${(error as Error).message}`,
      "name a file in a folder that you can write to",
    );
  }
}
