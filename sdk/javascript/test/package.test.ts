/** The package as users get it: packed, installed into an empty project, and asked to build a component there. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));
const project = mkdtempSync(join(tmpdir(), "millstream-sdk-"));

const GOOD = `
  import { text, transform } from "@millstream/sdk";
  console.log("loaded", new TextDecoder().decode(new TextEncoder().encode("ä")));
  export default transform({ outputs: ["out"], fields: { name: text("/name") } }, ({ name }, out) => {
    const length: number = name.length;
    if (length > 0) out.forward("out");
  });
`;

function npm(...args: string[]): string {
  return execFileSync("npm", args, { cwd: project, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

function build(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(join(project, "node_modules/.bin/millstream-build"), args, { cwd: project, encoding: "utf8" });
}

function source(file: string, text: string): void {
  mkdirSync(join(project, "src"), { recursive: true });
  writeFileSync(join(project, "src", file), text);
}

before(() => {
  const [{ filename }] = JSON.parse(npm("pack", "--ignore-scripts", "--json", PACKAGE)) as [{ filename: string }];
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  npm("install", "--prefer-offline", "--no-audit", "--no-fund", join(project, filename));
});
after(() => rmSync(project, { recursive: true }));

test("the package carries the contract, the licence and nothing of its tests", () => {
  const installed = join(project, "node_modules/@millstream/sdk");
  for (const file of ["LICENSE", "README.md", "dist/index.d.ts", "wit/transform.wit"])
    assert.ok(existsSync(join(installed, file)), file);
  for (const file of ["test", "src", "build"]) assert.ok(!existsSync(join(installed, file)), file);
  const contract = join(PACKAGE, "../../wit/transform.wit");
  // Outside of the repository there is nothing to compare with.
  if (!existsSync(contract)) return;
  assert.equal(
    readFileSync(join(installed, "wit/transform.wit"), "utf8"),
    readFileSync(contract, "utf8"),
    "copy wit/transform.wit over",
  );
});

test("a component is built, and its path is all that is printed", () => {
  source("index.ts", GOOD);
  const { status, stdout, stderr } = build();
  assert.equal(status, 0, stderr);
  assert.equal(stdout, "build/empty.wasm\n");
  const component = readFileSync(join(project, "build/empty.wasm"));
  // The second half of the preamble tells a component from a core module.
  assert.deepEqual([...component.subarray(0, 8)], [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
  assert.equal(build("src/index.ts", "-o", "other/place.wasm").stdout, "other/place.wasm\n");
});

test("tests run where the package is installed", () => {
  source(
    "run.mjs",
    `
    import { transform } from "@millstream/sdk";
    import { run } from "@millstream/sdk/testing";
    const made = transform({ outputs: ["out"] }, (_, out) => out.forward("out"));
    console.log(run(made, ["a", "b"]).to("out").map((record) => record.text).join());
  `,
  );
  assert.equal(execFileSync(process.execPath, ["src/run.mjs"], { cwd: project, encoding: "utf8" }), "a,b\n");
});

test("its types hold in a strict project without Node's and the DOM's, and wrong ones fail the build", () => {
  const compiler = join(PACKAGE, "node_modules/typescript");
  symlinkSync(compiler, join(project, "node_modules/typescript"));
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    lib: ["es2022"],
    types: [],
    strict: true,
    skipLibCheck: false,
  };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["src/index.ts"] }));
  try {
    source("index.ts", GOOD.replace(/console.*/, ""));
    assert.deepEqual([build().status, build().stderr], [0, ""]);
    for (const [right, wrong] of [
      ['"out");', '"elsewhere");'],
      ["const length: number", "const length: string"],
      ["({ name }, out)", "({ key }, out)"],
    ]) {
      source("index.ts", GOOD.replace(/console.*/, "").replace(right, wrong));
      const { status, stdout, stderr } = build();
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(stderr, /error TS[^]*\nhelp: correct them, or build with --no-check\n$/);
    }
    assert.equal(build("--no-check").status, 0);
  } finally {
    rmSync(join(project, "tsconfig.json"));
  }
});

const WRONG: Record<string, [source: string, message: RegExp]> = {
  "no default export": [
    "export const a = 1;",
    /error: .*cannot be bundled.*\nhelp: export the transform: `export default transform\(…\)`/,
  ],
  "a default export that is no transform": [
    "export default 1;",
    /is no transform: write `export default transform\(…\)`[^]*\nhelp: /,
  ],
  "a syntax error": ["export default (;", /cannot be bundled/],
  "a Node module": ['import "node:fs"; export default 1;', /help: a component has no Node modules/],
  "a package that is not installed": [
    'import "not-there"; export default 1;',
    /help: .*`npm install` what cannot be resolved/,
  ],
  "an error while loading": ['throw new Error("too early"); export default 1;', /too early/],
};

for (const [what, [text, message]] of Object.entries(WRONG)) {
  test(`${what} is said with its remedy`, () => {
    source("wrong.ts", text);
    const { status, stdout, stderr } = build("src/wrong.ts");
    assert.match(stderr, message);
    assert.deepEqual([status, stdout], [1, ""]);
  });
}

test("a wrong command line is said with its remedy", () => {
  for (const args of [["src/none.ts"], ["--engine", "v8"], ["--what"], ["src/index.ts", "src/wrong.ts"]]) {
    const { status, stderr } = build(...args);
    assert.equal(status, 2, args.join(" "));
    assert.match(stderr, /^error: .*\nhelp: .*\n$/);
  }
  assert.match(build("--help").stdout, /Usage: millstream-build/);
  assert.match(build("--version").stdout, /^\d+\.\d+\.\d+\n$/);
});
