from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.serving import http_date
from appliance.serving.conditional import check, same_version
from appliance.serving.ranges import Span, Unsatisfiable, read_range
from tests.probes import DATES, RANGES, TAG_LISTS


@dataclass
class File:
    etag: bytes = b'"abc"'
    modified: int = 784_111_777


BEFORE, AT, AFTER = (http_date.write(File.modified + offset) for offset in (-1, 0, 1))
MINE, OTHER = b'"abc"', b'"other"'


@pytest.mark.parametrize(("value", "weakly", "strongly"), TAG_LISTS, ids=lambda value: str(value)[:30])
def test_tag_lists_match_as_the_probes_say(value: str, weakly: bool, strongly: bool) -> None:
    sent = value.replace("{e}", MINE.decode()).encode()

    assert check({b"if-none-match": sent}, File()) == (304 if weakly else None)
    assert check({b"if-match": sent}, File()) == (None if strongly else 412)


@pytest.mark.parametrize(("value", "seconds"), DATES, ids=repr)
def test_dates_are_read_in_three_forms_and_no_other(value: str, seconds: int | None) -> None:
    assert http_date.read(value.encode()) == seconds


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, None),
        ({"if-modified-since": AT}, 304),
        ({"if-modified-since": AFTER}, 304),
        ({"if-modified-since": BEFORE}, None),
        ({"if-modified-since": b"soon"}, None),
        ({"if-unmodified-since": AT}, None),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": b"soon"}, None),
        # RFC 9110, 13.2.2: tags before dates, "match" before "none match"
        ({"if-none-match": OTHER, "if-modified-since": AFTER}, None),
        ({"if-none-match": MINE, "if-modified-since": BEFORE}, 304),
        ({"if-match": MINE, "if-unmodified-since": BEFORE}, None),
        ({"if-match": OTHER, "if-unmodified-since": AFTER}, 412),
        ({"if-match": OTHER, "if-none-match": MINE}, 412),
        ({"if-match": MINE, "if-none-match": MINE}, 304),
        ({"if-unmodified-since": AT, "if-none-match": MINE}, 304),
        ({"if-unmodified-since": BEFORE, "if-none-match": MINE}, 412),
        ({"if-unmodified-since": AT, "if-modified-since": AT}, 304),
    ],
)
def test_conditions_are_checked_in_order(headers: dict[str, bytes], status: int | None) -> None:
    assert check({name.encode(): value for name, value in headers.items()}, File()) == status


@pytest.mark.parametrize(
    ("value", "same"),
    [(MINE, True), (b"W/" + MINE, False), (OTHER, False), (AT, True), (AFTER, False), (b"*", False), (b"", False)],
)
def test_if_range_compares_strongly(value: bytes, same: bool) -> None:
    assert same_version(value, File()) is same


@pytest.mark.parametrize(("value", "size", "sent"), RANGES, ids=lambda value: str(value)[:30])
def test_ranges_are_read_as_the_probes_say(value: str, size: int, sent: str) -> None:
    if sent == "416":
        with pytest.raises(Unsatisfiable):
            read_range(value.encode(), size)
        return

    span = read_range(value.encode(), size)

    assert ("whole" if span is None else f"{span.offset}-{span.offset + span.length - 1}") == sent


@given(st.integers(0, 300), st.integers(0, 300), st.integers(1, 200))
def test_a_range_is_what_slicing_says(first: int, last: int, size: int) -> None:
    content = bytes(size)[:size]
    try:
        span = read_range(b"bytes=%d-%d" % (first, last), size)
    except Unsatisfiable:
        assert first >= size
        return

    if first > last:
        assert span is None
    else:
        assert span == Span(first, len(content[first : last + 1]))


@given(st.binary())
def test_any_bytes_are_a_date_a_range_and_tags_or_are_ignored(value: bytes) -> None:
    http_date.read(value)
    check({b"if-match": value}, File())
    check({b"if-none-match": value, b"if-unmodified-since": value}, File())
    try:
        read_range(b"bytes=" + value, 10)
    except Unsatisfiable:
        pass


@given(st.integers(0, 2**33))
def test_a_written_date_is_read_back(seconds: int) -> None:
    assert http_date.read(http_date.write(seconds)) == seconds


def test_a_two_digit_year_is_never_far_ahead() -> None:
    assert http_date.read(b"Friday, 01-Jan-99 00:00:00 GMT") == 915_148_800
    assert http_date.read(b"Sunday, 01-Jan-40 00:00:00 GMT") == 2_208_988_800
