"""What sites were asked for: counted by site, with bounds, and for good forgotten with the site."""

import pytest

from appliance.serving import counters as module
from appliance.serving.counters import Counters


def test_a_sites_requests_are_counted_by_class_with_their_bytes() -> None:
    counters = Counters()
    for status, sent in ((200, 10), (206, 5), (304, 0), (404, 3), (500, 2)):
        counters.visited("shop", status, sent, b"/x?y")
    counters.visited("other", 200, 1, b"/")

    shop = counters.traffic("shop")

    assert (shop.requests, shop.bytes_sent) == (5, 20)
    assert shop.statuses == {"1xx": 0, "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1}
    assert [name for name, _ in counters.sites()] == ["other", "shop"]
    assert counters.snapshot().requests["site", "2xx"] == 3
    assert counters.snapshot().bytes_sent == 21


def test_missed_paths_are_kept_without_their_queries_the_most_frequent_first() -> None:
    counters = Counters()
    for target in (b"/a?1", b"/b", b"/b?2", b"/c/" + b"x" * 500, b"/\xff"):
        counters.visited("shop", 404, 0, target)

    missed = counters.traffic("shop").missed

    assert list(missed.items())[:2] == [("/b", 2), ("/a", 1)]
    assert max(map(len, missed)) == module.MISSED_LENGTH
    assert "/\N{REPLACEMENT CHARACTER}" in missed


def test_missed_paths_are_bounded_and_the_rest_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MISSED_PATHS", 3)
    counters = Counters()
    for number in range(10):
        counters.visited("shop", 404, 0, b"/%d" % number)
    counters.visited("shop", 404, 0, b"/0")

    shop = counters.traffic("shop")

    assert shop.missed == {"/0": 2, "/1": 1, "/2": 1}
    assert shop.missed_more == 7
    assert shop.requests == 11


def test_a_site_that_is_no_more_leaves_nothing_but_its_share_of_the_whole() -> None:
    counters = Counters()
    counters.visited("shop", 404, 7, b"/secret-plan")

    counters.forget("shop")
    counters.forget("never-there")

    assert counters.traffic("shop").requests == 0
    assert counters.traffic("shop").missed == {}
    assert counters.snapshot().requests["site", "4xx"] == 1
