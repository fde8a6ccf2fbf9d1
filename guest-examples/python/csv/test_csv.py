import pytest
from millstream import Refused
from millstream.testing import Input, configure, run

from csv_to_json import Out, convert

SETTINGS = {"columns": "id:integer, customer, price:number, paid:boolean"}


def test_every_line_becomes_an_object() -> None:
    outcome = run(convert, [Input('7,"Smith, ""A""",9.50,true\r\n\r\n8,"",,', key="k")], settings=SETTINGS)
    assert [line.text for line in outcome.to(Out.JSON)] == [
        '{"id":7,"customer":"Smith, \\"A\\"","price":9.50,"paid":true}',
        '{"id":8,"customer":"","price":null,"paid":null}',
    ]
    assert outcome.emitted[1].key == b"k"


def test_a_wrong_line_rejects_its_whole_record() -> None:
    outcome = run(convert, ["1,Ann,2,true\n\n2,Bo,abc,true\n", "\n"], settings=SETTINGS)
    assert outcome.emitted == []
    assert [(one.row, one.code, one.reason) for one in outcome.rejected] == [
        (0, "wrong-type", 'line 2: price is "abc", not a number')
    ]
    assert outcome.dropped == [1]


@pytest.mark.parametrize("delimiter", ["^", "-", "]", "\\", "|", ".", "d", " "])
def test_characters_that_mean_something_in_patterns_are_delimiters_like_others(delimiter: str) -> None:
    lines = [f'1{delimiter}a"', f'1{delimiter}"{delimiter}"']
    outcome = run(convert, lines, settings={"columns": "id:integer, note", "delimiter": delimiter})
    assert outcome.rejected[0].code == "malformed-csv"
    assert outcome.emitted[0].json == {"id": 1, "note": delimiter}


@pytest.mark.parametrize(
    ("columns", "refused"),
    [
        ("id, day:date", "setting `columns`: `day` is of the type `date`, not text, integer, number or boolean"),
        ("id, :text", "setting `columns`: a column has no name"),
        ("id, a, id:text", "setting `columns`: two columns are called `id`"),
        ("", "setting `columns` names no column"),
    ],
)
def test_columns_that_are_none_are_refused(columns: str, refused: str) -> None:
    with pytest.raises(Refused) as caught:
        configure(convert, {"columns": columns})
    assert str(caught.value) == refused


def test_there_have_to_be_columns() -> None:
    with pytest.raises(Refused, match="^setting `columns` is missing"):
        configure(convert, {})


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r", "é"])
def test_a_delimiter_is_one_ascii_character(delimiter: str) -> None:
    with pytest.raises(Refused) as caught:
        configure(convert, {"columns": "id", "delimiter": delimiter})
    expected = "`tab` or one ASCII character other than a quote or a line break"
    assert str(caught.value) == f"setting `delimiter` is `{delimiter}`, not {expected}"
