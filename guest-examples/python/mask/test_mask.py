import pytest
from mask import Out, mask

from millstream import Refused
from millstream.testing import Input, configure, run

BOTH = '{"to":"ann@example.com","paid":"by 4111 1111 1111 1111","at":4111111111111111}'


def test_what_is_personal_in_strings_is_masked_and_counted() -> None:
    outcome = run(mask, [Input(BOTH, key="ann@example.com")])
    (event,) = outcome.to(Out.MASKED)
    assert event.text == '{"to":"***@example.com","paid":"by **** **** **** 1111","at":4111111111111111}'
    assert event.key == b"ann@example.com"
    assert outcome.counters == {"emails": 1, "cards": 1}


def test_a_record_with_nothing_to_mask_goes_on_as_it_is() -> None:
    plain = b'{ "to": "ann at example.com" }'
    outcome = run(mask, [None, plain])
    assert [event.value for event in outcome.emitted] == [None, plain]


def test_only_what_the_setting_names_is_masked() -> None:
    outcome = run(mask, [BOTH], settings={"mask": "card"})
    assert "ann@example.com" in outcome.emitted[0].text
    assert outcome.counters == {"emails": 0, "cards": 1}


def test_a_value_that_ends_within_a_string_is_rejected_and_not_counted() -> None:
    outcome = run(mask, [r'{"to":"ann@example.com","from":"bob\"'])
    (rejected,) = outcome.rejected
    assert (rejected.code, rejected.reason) == ("malformed-json", "the value ends within a string")
    assert outcome.counters["emails"] == 0


def test_what_cannot_be_masked_is_refused() -> None:
    with pytest.raises(Refused, match="setting `mask` is `email, phone`, not .* where each is email or card"):
        configure(mask, {"mask": "email, phone"})


@pytest.mark.parametrize("part", ["a", "a@", "a.", "1 ", "\\n"])
def test_long_texts_take_no_longer_than_their_length_asks_for(part: str) -> None:
    value = f'{{"text":"{500_000 * part}@"}}'
    assert run(mask, [value]).emitted[0].text == value
