"""Makes e-mail addresses and card numbers in the strings of JSON unreadable. All else stays as it is, byte for byte."""

import re
from collections import Counter
from enum import Enum

import millstream
from millstream import Emitter, Record, Reject, setting, transform


class Out(Enum):
    MASKED = "masked"


class Count(Enum):
    EMAILS = "emails"
    CARDS = "cards"


class Kind(Enum):
    """What can be masked."""

    EMAIL = "email"
    CARD = "card"


class Settings(millstream.Settings):
    # What is masked.
    mask: frozenset[Kind] = setting(default=Kind)


@transform(outputs=Out, counters=Count)
def mask(record: Record, out: Emitter[Out], settings: Settings) -> None:
    masking = Masking(settings.mask)
    # In a value that is null there is nothing to find.
    masked = STRING.sub(masking.string, record.value or b"")
    if not masking.found:
        out.forward(Out.MASKED)
        return
    out.emit(Out.MASKED).value(masked)
    for counter, found in masking.found.items():
        out.count(counter, found)


# Values are of any length and anybody's: each pattern takes time in proportion to them. Bytes that are not ASCII fit no class.
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?P<end>"?)', re.DOTALL)
ESCAPE_OR_TEXT = re.compile(rb"\\(?:u[0-9A-Fa-f]{4}|.)|[^\\]+", re.DOTALL)
# Names without a domain are matched too, so that no name is looked at again from its second character on. A domain ends with the
# last dot in it that two or more letters follow, and these.
NAME_AND_DOMAIN = re.compile(rb"[A-Za-z0-9._%+-]+(?P<domain>@[A-Za-z0-9.-]+\.[A-Za-z]{2,})?")
# All of a run of digits: none goes before, none comes after.
CARD = re.compile(rb"(?<![A-Za-z0-9])(?<![0-9][ -])[0-9](?:[ -]?[0-9]){12,18}(?![A-Za-z0-9]|[ -][0-9])")
ALL_BUT_FOUR_DIGITS = re.compile(rb"[0-9](?=(?:[ -]?[0-9]){4})")


class Masking:
    """What is to be masked in one value, and what was found there."""

    def __init__(self, kinds: frozenset[Kind]) -> None:
        self.kinds = kinds
        self.found: Counter[Count] = Counter()

    def string(self, match: re.Match[bytes]) -> bytes:
        if not match["end"]:
            raise Reject("malformed-json", "the value ends within a string")
        return ESCAPE_OR_TEXT.sub(self.text, match[0])

    def text(self, match: re.Match[bytes]) -> bytes:
        text = match[0]
        if text.startswith(b"\\"):
            return text
        # To look for a character is cheaper than to look at all names.
        if Kind.EMAIL in self.kinds and b"@" in text:
            text = NAME_AND_DOMAIN.sub(self.email, text)
        if Kind.CARD in self.kinds:
            text = CARD.sub(self.card, text)
        return text

    def email(self, match: re.Match[bytes]) -> bytes:
        if not match["domain"]:
            return match[0]
        self.found[Count.EMAILS] += 1
        return b"***" + match["domain"]

    def card(self, match: re.Match[bytes]) -> bytes:
        number = match[0]
        if not is_valid(number):
            return number
        self.found[Count.CARDS] += 1
        return ALL_BUT_FOUR_DIGITS.sub(b"*", number)


def is_valid(number: bytes) -> bool:
    """Whether the last digit is Luhn's check digit of the others."""
    digits = [int(chr(char)) for char in reversed(number) if chr(char).isdigit()]
    return (sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])) % 10 == 0
