"""Figures as people read them."""

from datetime import datetime, timedelta, timezone

import pytest

from admin_ui.words import bare, counted, lasting, moment, seconds, size


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (9949, "9.9 kB"),
        (9950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (274_000_000, "274 MB"),
        (2 * 10**15, "2,000 TB"),
    ],
)
def test_sizes_are_decimal(count: int, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, ""), (0.04, "40 ms"), (0.9999, "1.0 s"), (1.25, "1.2 s"), (61, "61 s")]
)
def test_times_taken_are_short(value: float, words: str) -> None:
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "less than a minute"), (60, "1 minute"), (3599, "59 minutes"), (3600, "1 hour"), (200_000, "2 days")],
)
def test_long_times_are_said_in_their_largest_unit(length: float, words: str) -> None:
    assert lasting(length) == words


def test_things_are_counted() -> None:
    assert (counted(1, "file"), counted(1173, "file"), counted(0, "deploy")) == ("1 file", "1,173 files", "0 deploys")


def test_times_are_said_in_utc() -> None:
    at = moment(datetime(2026, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=2))))

    assert (at.iso, at.exact) == ("2026-02-28T23:30:00Z", "28 Feb 2026, 23:30 UTC")


def test_addresses_are_said_without_scheme() -> None:
    assert bare("http://blog.localhost:8080/") == "blog.localhost:8080"
