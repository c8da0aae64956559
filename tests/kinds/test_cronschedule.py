"""The schedules of CronJobs, by the examples of crontab(5) and of Kubernetes' page."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from minikweb.kinds import cronschedule

START = "2026-11-23T12:00:30Z"  # a Monday


def at(text):
    return datetime.fromisoformat(text)


def times(schedule, count=3, start=START, zone=UTC):
    parsed, moment, found = cronschedule.parse(schedule), at(start), []
    for _ in range(count):
        moment = parsed.next(moment, zone)
        found.append(f"{moment:%Y-%m-%dT%H:%M}")
    return found


def test_it_works():
    assert times("*/5 * * * *") == ["2026-11-23T12:05", "2026-11-23T12:10", "2026-11-23T12:15"]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("* * * * *", "2026-11-23T12:01"),
        ("0 * * * *", "2026-11-23T13:00"),
        ("@hourly", "2026-11-23T13:00"),
        ("@daily", "2026-11-24T00:00"),
        ("@midnight", "2026-11-24T00:00"),
        ("@weekly", "2026-11-29T00:00"),
        ("@monthly", "2026-12-01T00:00"),
        ("@yearly", "2027-01-01T00:00"),
        ("@annually", "2027-01-01T00:00"),
        ("0 3 * * 1", "2026-11-30T03:00"),
        ("0 0 13 * 5", "2026-11-27T00:00"),
        ("30 6-16/4 * * 1-5", "2026-11-23T14:30"),
        ("10/20 * * * *", "2026-11-23T12:10"),
        ("0 22 * * SUN", "2026-11-29T22:00"),
        ("0 0 ? feb ?", "2027-02-01T00:00"),
        ("5,1 12 * * *", "2026-11-23T12:01"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("@every 1h30m", "2026-11-23T13:30"),
        ("@every 500ms", "2026-11-23T12:00"),
    ],
)
def test_the_next_time(schedule, expected):
    assert times(schedule, 1) == [expected]


def test_both_days_restricted_means_either_of_them():
    assert times("0 0 25 * 5") == ["2026-11-25T00:00", "2026-11-27T00:00", "2026-12-04T00:00"]


def test_a_step_over_all_days_is_a_restriction_too():
    assert times("0 0 */10 * 2", 2) == ["2026-11-24T00:00", "2026-12-01T00:00"]


def test_a_time_of_the_schedule_itself_is_not_its_next():
    assert times("0 * * * *", 1, "2026-11-23T12:00:00Z") == ["2026-11-23T13:00"]


def test_a_date_that_never_comes():
    assert cronschedule.parse("0 0 31 2 *").next(at(START)) is None


def test_the_zone_says_when_it_is_midnight():
    assert times("0 0 * * *", 1, zone=ZoneInfo("Asia/Kolkata")) == ["2026-11-23T18:30"]
    assert times("0 9 * * *", 1, zone=ZoneInfo("America/New_York")) == ["2026-11-23T14:00"]


def test_an_hour_that_is_left_out_in_spring_is_left_out():
    paris = ZoneInfo("Europe/Paris")
    assert times("30 2 * * *", 1, "2026-03-29T00:00:00Z", paris) == ["2026-03-30T00:30"]


def test_an_hour_that_is_repeated_in_autumn_comes_twice():
    paris = ZoneInfo("Europe/Paris")
    assert times("30 2 * * *", 2, "2026-10-24T22:30:00Z", paris) == ["2026-10-25T00:30", "2026-10-25T01:30"]


def test_a_day_without_midnight():
    assert times("0 * 6 9 *", 1, "2026-09-05T20:00:00Z", ZoneInfo("America/Santiago")) == ["2026-09-06T04:00"]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("", "empty spec string"),
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("@noon", "unrecognized descriptor: @noon"),
        ("@every tea", 'failed to parse duration tea: time: invalid duration "tea"'),
    ],
)
def test_it_says_what_is_wrong(schedule, words):
    with pytest.raises(ValueError) as raised:
        cronschedule.parse(schedule)
    assert str(raised.value) == words
