/** What has no comment is missing from what editors show of the package. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** A name that a line of a `.d.ts` declares: of a module, or four spaces in of a class, an interface or an object. */
const DECLARED = /^export (?:declare )?(?:default )?(?:abstract )?(class|interface|type|const|function) (\w+)/;
const MEMBER = /^ {4}(?:static |readonly |get |set )*(?!private\b)([\w"]+)\??[(<:]/;

/** The names of an entry point, each with the file that declares it. */
function exported(file: string): [file: string, name: string][] {
  const text = readFileSync(file, "utf8");
  const names: [string, string][] = [];
  for (const [, list, from] of text.matchAll(/^export (?:type )?\{([^}]*)\} from "(.*)\.js";/gm)) {
    for (const [name] of list.matchAll(/\w+(?=,|\s*$)/g)) names.push([join(dirname(file), `${from}.d.ts`), name]);
  }
  assert.doesNotMatch(text, /^export \*|^export .* as /m, `${file} exports in a way that this test does not read`);
  for (const line of text.split("\n")) {
    const name = DECLARED.exec(line)?.[2];
    if (name !== undefined) names.push([file, name]);
  }
  return names;
}

/** What of this name has no comment: itself, or members. An interface and a class may share it, and both are looked at. */
function undocumented(file: string, name: string): string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  const missing: string[] = [];
  let found = false;
  let inside = false;
  lines.forEach((line, at) => {
    const documented = lines[at - 1]?.endsWith("*/") === true;
    const declared = DECLARED.exec(line);
    if (declared?.[2] === name) {
      found = true;
      if (!documented) missing.push(name);
    }
    // What a function takes is described where the function is.
    if (!/^[ }]/.test(line)) inside = declared?.[2] === name && declared[1] !== "function";
    const member = inside ? MEMBER.exec(line)?.[1] : undefined;
    if (member !== undefined && !documented) missing.push(`${name}.${member}`);
  });
  assert.ok(found, `${file} does not declare ${name}`);
  return missing;
}

const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
  exports: Record<string, string | { types: string }>;
};
for (const [entry, where] of Object.entries(exports)) {
  if (typeof where === "string") continue;
  test(`every name of ${entry} is documented`, () => {
    const names = exported(join(PACKAGE, where.types));
    assert.ok(names.length > 0);
    const missing = names.flatMap(([file, name]) => undocumented(file, name));
    assert.deepEqual(missing, []);
  });
}
