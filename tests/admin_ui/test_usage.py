"""Disk space in the admin: of a site, of one's own sites, of somebody else's for operators."""

import pytest

from admin_ui.context.usage import SHOWN, account_storage, site_storage
from appliance.allowance import Standing
from appliance.plan import Plan
from appliance.plans import facts
from appliance.units import Size, Span
from appliance.usage import AccountUsage, OwnSite, SiteUsage
from tests.admin_ui.desk import Desk
from tests.builders import Appliance, page
from tests.cast import ALICE, OLGA

UNLIMITED = Standing(facts(Plan()), 1, 5000, 0)


@pytest.mark.asyncio(loop_scope="session")
async def test_what_sites_take_stands_with_them_and_with_their_account(server: Appliance, alice: Desk) -> None:
    await alice.deploy("measured", {"index.html": page("one"), "big.bin": "x" * 70_000})

    site, account = await alice.page("/sites/measured"), await alice.page("/account")
    async with Desk.of(server, OLGA) as olga:
        person = await olga.page(f"/people/{server.actors[ALICE.email].id}")

    assert "on disk, each file of its 1 deploy counted once" in site.text
    assert [known["aria-label"][:16] for tag, known in site.tags if known.get("class") == "split"] == [
        "Only one deploy:"
    ]
    assert "Several deploys of this site" in site.text  # in the table, which needs no scripts
    for shown in (account, person):
        assert "Disk space: " in shown.text
        bars = {known["aria-label"]: known for tag, known in shown.tags if tag == "progress"}
        (label,) = [label for label in bars if label.startswith("measured: ")]
        assert int(bars[label]["value"]) > 70_000


def test_a_site_says_what_only_one_deploy_has_what_several_and_what_other_sites_have_too() -> None:
    shown = site_storage(SiteUsage("blog", 10_000, 9, alone=7_500, once=2_500, deploys=3, unreadable=0))

    assert [(part.kind, part.size, part.share) for part in shown.parts] == [
        ("once", "2.5 kB", "25 %"),
        ("deploys", "5.0 kB", "50 %"),
        ("sites", "2.5 kB", "25 %"),
    ]
    assert [(part.start, part.length) for part in shown.parts] == [(0, 250), (250, 500), (750, 250)]
    assert shown.said.startswith("Only one deploy: 2.5 kB; Several deploys")
    assert shown.unreadable == ""


def test_a_site_that_takes_nothing_has_no_bar_and_what_cannot_be_read_is_said() -> None:
    shown = site_storage(SiteUsage("blog", 0, 0, alone=0, once=0, deploys=1, unreadable=1))

    assert shown.parts == []
    assert "cannot be read" in shown.unreadable


def test_the_largest_sites_have_bars_and_the_others_a_number() -> None:
    sites = [OwnSite(f"s{number}", 1000 - number, deleted=number == 1) for number in range(SHOWN + 2)]

    shown = account_storage(AccountUsage("a@example.org", 5000, 9, 6000, len(sites), sites), UNLIMITED)

    assert [bar.label for bar in shown.bars][:2] == ["s0", "s1 (deleted)"]
    assert [bar.href for bar in shown.bars][:2] == ["/sites/s0", ""]
    assert {bar.most for bar in shown.bars} == {1000}
    assert (len(shown.bars), shown.more, shown.title) == (SHOWN, "and 2 smaller sites", "Disk space: 5.0 kB")
    assert "6.0 kB" in shown.shared


def test_an_account_without_sites_has_no_bars() -> None:
    assert account_storage(AccountUsage("a@example.org", 0, 0, 0, 0, []), UNLIMITED).bars == []


def test_what_a_plan_limits_has_bars_that_end_where_the_plan_does() -> None:
    plan = Plan("free", sites=3, storage=Size.parse("4KB"), build_time=Span.parse("60m"), deploys=5)
    standing = Standing(facts(plan), 2, 5000, 1800.0)

    shown = account_storage(AccountUsage("a@example.org", 5000, 9, 5000, 1, []), standing)

    assert shown.plan_title == "Plan free"
    assert [(bar.label, bar.share, bar.most, bar.words) for bar in shown.plan] == [
        ("Sites", 2, 3, "2 of 3"),
        ("Disk space", 4000, 4000, "5.0 kB of 4.0 kB"),
        ("Builds this month", 1800, 3600, "30 minutes of 1 hour"),
    ]
