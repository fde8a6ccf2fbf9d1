/** A deployment's settings: they arrive as text, and every wrong one is named when the transform is deployed. */

/** A declared setting, of type `T`. Made by the functions of {@link setting}. */
export interface Setting<T> {
  /** @internal Undefined where the text stands for none. */
  readonly parse: (text: string) => T | undefined;
  /** @internal What a text has to be, as in "it is …". */
  readonly expected: string;
  /** @internal Where it need not be set. */
  readonly fallback: { readonly value: T } | undefined;
  /** Only a type: what the setting is. */
  readonly type?: T;
}

/** Declared settings by name. `minAge` is the deployment's `min-age`. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of declared settings. */
export type SettingsOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

function make<T>(parse: (text: string) => T | undefined, expected: string, fallback: T | undefined): Setting<T> {
  return { parse, expected, fallback: fallback === undefined ? undefined : { value: fallback } };
}

const SMALLEST = -(1n << 63n);
const LARGEST = (1n << 63n) - 1n;

function parseInteger(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?[0-9]{1,400}$/.test(trimmed)) return undefined;
  const integer = BigInt(trimmed.replace("+", ""));
  return integer >= SMALLEST && integer <= LARGEST ? integer : undefined;
}

function parseNumber(text: string): number | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(trimmed)) return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : undefined;
}

function parts(text: string): string[] {
  return text.trim() === "" ? [] : text.split(",").map((part) => part.trim());
}

function parseMap(text: string): ReadonlyMap<string, string> | undefined {
  const map = new Map<string, string>();
  for (const part of parts(text)) {
    const equals = part.indexOf("=");
    if (equals < 0) return undefined;
    map.set(part.slice(0, equals).trim(), part.slice(equals + 1).trim());
  }
  return map;
}

/** Kinds of settings. Without a default a setting must be set. */
export const setting = {
  /** A text. */
  text: (fallback?: string): Setting<string> => make((text) => text, "a text", fallback),
  /** A 64-bit integer. */
  integer: (fallback?: bigint): Setting<bigint> => make(parseInteger, "an integer", fallback),
  /** A number. */
  number: (fallback?: number): Setting<number> => make(parseNumber, "a number", fallback),
  /** `true` or `false`. */
  boolean: (fallback?: boolean): Setting<boolean> =>
    make((text) => (text === "true" ? true : text === "false" ? false : undefined), "true or false", fallback),
  /** Texts separated by commas: `red, green`. An empty text is an empty list. */
  list: (fallback?: readonly string[]): Setting<readonly string[]> => make(parts, "a list `entry, entry`", fallback),
  /** Pairs separated by commas: `berlin = eu, boston = us`. */
  map: (fallback?: ReadonlyMap<string, string>): Setting<ReadonlyMap<string, string>> =>
    make(parseMap, "a list `name = value, name = value`", fallback),
  /**
   * Anything else.
   *
   * @param parse - What a text stands for; undefined where it stands for nothing.
   * @param expected - What a text has to be, as in "it is …": `left or right`.
   */
  custom: <T>(parse: (text: string) => T | undefined, expected: string, fallback?: T): Setting<T> =>
    make(parse, expected, fallback),
};

/** The deployment's name of a setting: `minAge` is `min-age`. */
export function settingName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Reads a deployment's settings.
 *
 * @throws Error that names every setting that is wrong, missing or unknown.
 */
export function readSettings(
  declared: Settings,
  given: readonly (readonly [string, string])[],
): Record<string, unknown> {
  const texts = new Map(given);
  const errors: string[] = [];
  const values: Record<string, unknown> = {};
  const names = new Set<string>();
  for (const [property, { parse, expected, fallback }] of Object.entries(declared)) {
    const name = settingName(property);
    names.add(name);
    const text = texts.get(name);
    if (text === undefined) {
      if (fallback === undefined) errors.push(`setting \`${name}\` is missing: it is ${expected}`);
      else values[property] = fallback.value;
      continue;
    }
    const value = parse(text);
    if (value === undefined) errors.push(`setting \`${name}\` is \`${text}\`, not ${expected}`);
    values[property] = value;
  }
  for (const name of texts.keys()) if (!names.has(name)) errors.push(unknownSetting(name, [...names]));
  if (errors.length !== 0) throw new Error(errors.join("; "));
  return values;
}

function unknownSetting(name: string, known: readonly string[]): string {
  const start = `there is no setting \`${name}\``;
  if (known.length === 0) return `${start}: this transform has none`;
  const tidy = name.replaceAll("_", "-").toLowerCase();
  const near = known.map((other) => ({ other, edits: edits(tidy, other) })).sort((a, b) => a.edits - b.edits)[0];
  if (near.edits <= 2 && near.edits < near.other.length) return `${start}: did you mean \`${near.other}\`?`;
  return `${start}: there are \`${known.join("`, `")}\``;
}

/** Levenshtein's distance. */
function edits(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      next.push(Math.min(row[j] + (a[i] === b[j] ? 0 : 1), row[j + 1] + 1, next[j] + 1));
    }
    row = next;
  }
  return row[b.length];
}
