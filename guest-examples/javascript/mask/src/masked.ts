/** What is personal in a JSON text. */

import { Reject } from "@millstream/sdk";

// Values are of any length and anybody's: each pattern takes time in proportion to them.
const STRING = /"[^"\\]*(?:\\[^][^"\\]*)*("?)/g;
const ESCAPE_OR_TEXT = /\\(?:u[0-9A-Fa-f]{4}|[^])|[^\\]+/g;
// Names without a domain match too, so that no name is looked at again from its second character on. A domain ends with the
// last dot in it that two or more letters follow, and these.
const NAME_AND_DOMAIN = /[A-Za-z0-9._%+-]+(@[A-Za-z0-9.-]+\.[A-Za-z]{2,})?/g;
// All of a run of digits: none goes before, none comes after.
const CARD = /(?<![A-Za-z0-9]|[0-9][ -])[0-9](?:[ -]?[0-9]){12,18}(?![A-Za-z0-9]|[ -][0-9])/g;
const ALL_BUT_FOUR_DIGITS = /[0-9](?=(?:[ -]?[0-9]){4})/g;

/**
 * A JSON text without the addresses and the numbers of cards in its strings, and how many there were.
 *
 * @throws Reject where its last string never ends.
 */
export function masked(
  json: string,
  kinds: { email: boolean; card: boolean },
): { text: string; emails: number; cards: number } {
  let emails = 0;
  let cards = 0;

  const maskEmail = (name: string, domain?: string): string => {
    if (domain === undefined) return name;
    emails += 1;
    return `***${domain}`;
  };
  const maskCard = (number: string): string => {
    if (!isValid(number)) return number;
    cards += 1;
    return number.replace(ALL_BUT_FOUR_DIGITS, "*");
  };
  const maskText = (text: string): string => {
    if (text.startsWith("\\")) return text;
    // To look for a character is cheaper than to look at all names.
    if (kinds.email && text.includes("@")) text = text.replace(NAME_AND_DOMAIN, maskEmail);
    if (kinds.card) text = text.replace(CARD, maskCard);
    return text;
  };
  const text = json.replace(STRING, (string, end) => {
    if (end === "") throw new Reject("malformed-json", "the value ends within a string");
    return string.replace(ESCAPE_OR_TEXT, maskText);
  });
  return { text, emails, cards };
}

/** Whether the last digit is Luhn's check digit of the others. */
function isValid(number: string): boolean {
  const digits = [...number.replace(/[ -]/g, "")].reverse().map(Number);
  const weighed = digits.map((digit, i) => (i % 2 === 0 ? digit : digit < 5 ? 2 * digit : 2 * digit - 9));
  return weighed.reduce((sum, digit) => sum + digit, 0) % 10 === 0;
}
