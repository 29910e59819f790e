"""What pages make of facts."""

from dataclasses import replace
from pathlib import Path

import pytest

from admin_ui.context.deploy_list import Wanted, deploy_table
from admin_ui.context.deploys import LogLine, deploy_page, deploy_row, publish_act
from admin_ui.context.log import LogGlance
from admin_ui.context.sites import site_card
from admin_ui.context.system import system_page
from admin_ui.pages import Frame, Pages
from appliance.deploys import Failure
from appliance.domains import Base
from appliance.errors import Limit
from appliance.isolation import IsolationFacts
from appliance.progress import StepFacts
from appliance.room import Room
from appliance.sites import LatestFacts, LockFacts
from appliance.storage.manifest import Found
from appliance.system import StorageFacts, SystemFacts
from tests.admin_ui.desk import Page
from tests.admin_ui.facts import NOON, deploy, site
from tests.admin_ui.themes import shipped_themes

STORAGE = StorageFacts(Room(1, 4096), Room(2, 5000), Room(3, 6000), 7000, NOON)
PROCESS = IsolationFacts("process", isolated=False, about="Builds are not isolated.")
SYSTEM = SystemFacts("0.1.0", NOON, {}, PROCESS, Path("/data"), STORAGE, queue=[], queued=0, settings=[], safety=[])


def test_an_older_deploy_is_rolled_back_to() -> None:
    act = publish_act(deploy(number=1), live=2)

    assert act is not None
    assert (act.label, act.button) == ("Roll back to this", "Roll back")


@pytest.mark.parametrize("live", [None, 1])
def test_a_newer_deploy_is_published(live: int | None) -> None:
    act = publish_act(deploy(number=2), live=live)

    assert act is not None
    assert act.label == "Publish"


@pytest.mark.parametrize("changes", [{"live": True}, {"state": "failed"}, {"state": "queued"}])
def test_what_is_live_or_not_ready_cannot_be_published(changes: dict[str, object]) -> None:
    assert publish_act(deploy(**changes), live=1) is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"live": True}, "Live"),
        ({"draft": True}, "Draft"),
        ({"state": "queued"}, "Waiting"),
        ({"state": "working"}, "Working"),
        ({"state": "failed"}, "Failed"),
        ({}, "Ready"),
    ],
)
def test_a_deploy_s_state_is_one_word(changes: dict[str, object], word: str) -> None:
    assert deploy_row(deploy(**changes), live=None).state.word == word


def test_a_deploy_outlives_its_author() -> None:
    assert deploy_row(deploy(author=None), live=None).author == "an account that is gone"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"bytes": 1_500_000, "bytes_saved": 1_200_000}, "300 kB, 1.2 MB less than uploaded"),
        ({"bytes": 1500, "bytes_saved": 500, "generator": "mkdocs"}, "1.0 kB, 500 B less than built"),
        ({"bytes_saved": 0}, ""),
        ({"bytes_saved": 500, "state": "expired"}, ""),
    ],
)
def test_a_deploy_says_what_a_visitor_is_spared(changes: dict[str, object], words: str) -> None:
    assert deploy_page(deploy(**changes), live=None, log=[]).sent == words


def test_problems_are_the_newest_deploy_s_only_and_on_the_first_page() -> None:
    found = [Found("no_index", "There is no index.html.", "docs/index.html", 3)]
    deploys = [deploy(number=9, problems=found), deploy(number=8)]

    first = deploy_table(site(live=9), deploys, page=1, total=51)
    second = deploy_table(site(live=9), deploys, page=2, total=51)

    assert [(one.message, one.where) for one in first.latest_problems] == [
        ("There is no index.html.", "docs/index.html line 3")
    ]
    assert second.latest_problems == []


def test_a_long_list_has_pages() -> None:
    middle = deploy_table(site(live=None), [deploy()], page=2, total=101).pages

    assert (middle.shown, middle.earlier, middle.later) == (
        "Page 2 of 3",
        "/sites/blog/deploys?page=1",
        "/sites/blog/deploys?page=3",
    )


def test_a_list_that_was_found_and_sorted_stays_so_on_its_other_pages() -> None:
    wanted = Wanted.of({"state": "failed", "find": " new header ", "sort": "-bytes"})

    table = deploy_table(site(live=None), [deploy()], page=1, total=51, wanted=wanted)

    assert table.pages.later == "/sites/blog/deploys?state=failed&find=new+header&sort=-bytes&page=2"
    assert {column.label: column.sorted for column in table.columns if column.sorted} == {"Size": "descending"}


@pytest.mark.parametrize(
    ("given", "href"),
    [
        ({}, "?sort=-bytes"),
        ({"sort": "-bytes"}, "?sort=bytes"),
        ({"sort": "bytes", "find": "x"}, "?find=x&sort=-bytes"),
    ],
)
def test_a_heading_sorts_by_its_column_and_then_the_other_way_round(given: dict[str, str], href: str) -> None:
    table = deploy_table(site(live=None), [], page=1, total=0, wanted=Wanted.of(given))

    assert next(column.href for column in table.columns if column.label == "Size") == f"/sites/blog/deploys{href}"


@pytest.mark.parametrize(
    "given", [{"sort": "password"}, {"state": "live'--"}, {"sort": ""}, {"find": "  "}, {"sort": "-"}]
)
def test_what_no_list_can_be_asked_for_is_left_out(given: dict[str, str]) -> None:
    assert Wanted.of(given) == Wanted()


@pytest.mark.parametrize(
    ("states", "pair"),
    [
        ([(3, "ready", False), (2, "failed", False), (1, "ready", True)], ("1", "3")),
        ([(3, "ready", True), (2, "ready", False), (1, "ready", False)], ("2", "3")),
        ([(2, "ready", False), (1, "ready", False)], ("1", "2")),
        ([(2, "ready", True), (1, "failed", False)], ("", "")),
        ([], ("", "")),
    ],
)
def test_the_likeliest_two_are_chosen_to_be_compared(
    states: list[tuple[int, str, bool]], pair: tuple[str, str]
) -> None:
    deploys = [deploy(number=number, state=state, live=live) for number, state, live in states]

    table = deploy_table(site(live=None), deploys, page=1, total=3)

    assert (table.before, table.after) == pair


def test_a_deploy_under_way_is_watched_and_refreshes_without_scripts() -> None:
    steps = [
        StepFacts("receive", "done", 5, 5, 1.25),
        StepFacts("unpack", "running", 1, 4),
        StepFacts("check", "running"),
    ]

    html = Pages("/static", shipped_themes()).html(
        "deploy", deploy_page(deploy(state="working", steps=steps), None, []), Frame("/static")
    )

    shown = Page(html)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in html
    assert [known["data-watch"] for _, known in shown.tags if "data-watch" in known] == ["kq3v9wzx7m"]
    assert [known.get("value") for tag, known in shown.tags if tag == "progress"] == ["100", "25", None]
    assert "1.2 s" in shown.text
    assert "25 %" in shown.text


def test_how_far_one_command_has_come_nobody_claims_to_know() -> None:
    steps = [StepFacts("fetch", "done", 2, 2, 1.2), StepFacts("build", "running", 0, 1)]
    html = Pages("/static", shipped_themes()).html(
        "deploy", deploy_page(deploy(state="working", steps=steps), None, []), Frame("/static")
    )

    shown = Page(html)
    assert [known.get("value") for tag, known in shown.tags if tag == "progress"] == ["100", None]
    assert "%" not in shown.text


def test_the_limit_that_was_hit_is_named() -> None:
    failure = Failure("too_many_entries", "There are too many files in it.", Limit("entries", "50000"))

    html = Pages("/static", shipped_themes()).html(
        "deploy",
        deploy_page(deploy(state="failed", error=failure), 1, [LogLine("12:00:00", "<b>")]),
        Frame("/static"),
    )

    assert "The limit: entries, 50000." in html
    assert "&lt;b&gt;" in html


@pytest.mark.parametrize(
    ("live", "locked", "word"),
    [(None, None, "Nothing live"), (1, None, "Live"), (1, LockFacts(None, NOON, ""), "Locked")],
)
def test_a_site_s_state_is_a_word(live: int | None, locked: LockFacts | None, word: str) -> None:
    assert site_card(replace(site(live=live), locked=locked)).state.word == word


@pytest.mark.parametrize(
    ("state", "word"), [("ready", ""), ("expired", ""), ("queued", "Under way"), ("asking", "Question")]
)
def test_of_the_last_deploy_only_what_is_not_settled_is_said(state: str, word: str) -> None:
    latest = site_card(replace(site(live=1), latest=LatestFacts("kq3v9wzx7m", 2, state, NOON))).latest

    assert latest is not None
    assert (latest.href, latest.state.word if latest.state else "") == ("/deploys/kq3v9wzx7m", word)


BASE = Base("localhost", "*.localhost", "localhost", is_local=True)
QUIET = LogGlance([], "", is_kept=True)


def test_of_what_is_too_much_to_count_the_least_is_said() -> None:
    storage = replace(STORAGE, blobs=Room(1000, 2_000_000, whole=False))

    shown = system_page(replace(SYSTEM, storage=storage), "", None, QUIET, BASE).storage

    assert shown is not None
    assert shown.blobs == "More than 2.0 MB in 1,000 files"


def test_of_a_long_queue_the_rest_is_counted() -> None:
    shown = system_page(replace(SYSTEM, queue=[deploy(state="queued")], queued=61), "", None, QUIET, BASE)

    assert (shown.queue[0].label, shown.more) == ("Deploy 2 of blog", "And 60 more deploys.")
