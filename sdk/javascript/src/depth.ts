/** How deep JSON is nested, before an engine's parser finds out: QuickJS's recurses, and deep data would trap the component. */

/** A third of what fits the stack that a host gives. */
const DEEPEST = 1000;

/** Whether this text may be parsed. */
export function isShallow(text: string): boolean {
  // Every level takes a character, so most texts need no look; counting brackets is the engine's work, scanning is ours.
  if (text.length <= DEEPEST) return true;
  if (text.split("[").length + text.split("{").length - 2 <= DEEPEST) return true;
  return depth(text) <= DEEPEST;
}

/** The greatest depth, or the first beyond the greatest that may be. */
function depth(text: string): number {
  let deepest = 0;
  let level = 0;
  let quoted = false;
  for (let at = 0; at < text.length && deepest <= DEEPEST; at++) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "[" || character === "{") deepest = Math.max(deepest, ++level);
    else if (character === "]" || character === "}") level--;
  }
  return deepest;
}
