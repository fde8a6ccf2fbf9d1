import pytest
from enrich import enrich, hour

from millstream import Refused
from millstream.testing import Input, configure, run


def test_region_and_hour_are_added_and_the_rest_stays() -> None:
    outcome = run(
        enrich,
        [
            Input('{"at":1764000000123, "country":"GB"}', key="k", headers=[("trace", "1")]),
            {"at": 0, "country": "ZZ"},
        ],
        settings={"regions": "GB = europe, BR = latin-america"},
    )
    event, other = outcome.emitted
    assert event.text == '{"at":1764000000123, "country":"GB","region":"europe","hour":16}'
    assert event.key == b"k"
    assert event.headers == [("trace", b"1"), ("region", b"europe")]
    assert other.json == {"at": 0, "country": "ZZ", "region": "elsewhere", "hour": 0}


def test_events_without_country_or_time_are_rejected() -> None:
    outcome = run(enrich, [{"at": 1}, {"country": "GB", "at": "now"}, "{", None])
    assert [one.code for one in outcome.rejected] == ["missing-field", "wrong-type", "malformed-json", "null-value"]


def test_the_hour_of_a_time_before_1970_is_an_hour() -> None:
    assert hour(-1) == 23


def test_regions_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(Refused, match="setting `regions` is `GB`, not a list `name = value"):
        configure(enrich, {"regions": "GB"})
