from datetime import UTC, datetime, timedelta

import pytest

from minikweb.apimachinery import clock


def test_it_works():
    moment = clock.parse("2026-11-23T12:00:00Z")
    assert moment == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert clock.format(moment) == "2026-11-23T12:00:00Z"


def test_it_keeps_microseconds_only_where_asked():
    moment = clock.parse("2026-11-23T13:00:00.123456+01:00")
    assert clock.format(moment) == "2026-11-23T12:00:00Z"
    assert clock.format_micro(moment) == "2026-11-23T12:00:00.123456Z"


@pytest.mark.parametrize("text", ["", "2026-11-23", "2026-11-23T12:00:00", "now", "2026-13-23T12:00:00Z"])
def test_it_rejects_what_is_no_time(text):
    with pytest.raises(ValueError):
        clock.parse(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (200, "3m20s"), (600, "10m"),
        (10799, "179m"), (10800, "3h"), (5 * 3600 + 180, "5h3m"), (9 * 3600, "9h"), (47 * 3600, "47h"),
        (48 * 3600, "2d"), (52 * 3600, "2d4h"), (300 * 86400, "300d"), (1107 * 86400, "3y12d"), (4000 * 86400, "10y"),
    ],
)  # fmt: skip
def test_it_prints_ages_as_kubectl(seconds, text):
    assert clock.human_duration(timedelta(seconds=seconds)) == text
