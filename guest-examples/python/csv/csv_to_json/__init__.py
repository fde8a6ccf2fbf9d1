"""Turns CSV into JSON: every line of a record becomes a record of its own, an object."""

from enum import Enum

import millstream
from millstream import Emitter, Record, Reject, transform

from .columns import WrongType, json_object, parse_columns
from .reading import Malformed, read_lines


class Out(Enum):
    JSON = "json"


class Settings(millstream.Settings):
    # The fields of a line, in order: `id:integer, customer, price:number, paid:boolean`.
    columns: list[str]
    # What separates them: one ASCII character, or `tab`.
    delimiter: str = ","

    def __post_init__(self) -> None:
        self.parsed_columns = parse_columns(self.columns)
        self.separator = parse_delimiter(self.delimiter)


@transform(outputs=Out, reads="values")
def convert(record: Record, out: Emitter[Out], settings: Settings) -> None:
    columns = settings.parsed_columns
    try:
        # Spreadsheets begin with a byte order mark.
        for number, fields in read_lines(record.text().removeprefix("\ufeff"), settings.separator):
            if len(fields) != len(columns):
                count = "1 field" if len(fields) == 1 else f"{len(fields)} fields"
                raise Reject("wrong-columns", f"line {number} has {count}, not {len(columns)}")
            try:
                out.emit(Out.JSON).value(json_object(columns, fields))
            except WrongType as error:
                raise Reject("wrong-type", f"line {number}: {error}") from None
    except Malformed as error:
        raise Reject("malformed-csv", str(error)) from None


def parse_delimiter(text: str) -> str:
    if text == "tab":
        return "\t"
    if len(text) != 1 or not text.isascii() or text in '"\r\n':
        expected = "`tab` or one ASCII character other than a quote or a line break"
        raise ValueError(f"setting `delimiter` is `{text}`, not {expected}")
    return text
