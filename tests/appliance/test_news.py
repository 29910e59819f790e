"""What has changed lately: told in order, from any revision on that is remembered."""

import asyncio

from appliance.news import KEPT, News


async def test_what_came_after_a_revision_is_told_in_order() -> None:
    news = News()
    start = news.revision

    news.site("blog")
    news.deploy("abc")
    news.gone()

    told = news.since(start)
    assert told.changes is not None
    assert [(change.site, change.deploy) for change in told.changes] == [("blog", ""), ("", "abc"), ("", "")]
    assert news.since(told.revision).changes == ()


async def test_more_than_is_remembered_is_not_known() -> None:
    news = News()
    start = news.revision

    for number in range(KEPT + 1):
        news.site(f"site-{number}")

    assert news.since(start).changes is None
    assert len(news.since(start + 1).changes or ()) == KEPT


async def test_a_revision_of_another_start_is_not_known() -> None:
    news = News()

    assert news.since(news.revision - 1).changes is None
    assert news.since(news.revision + 1).changes is None


async def test_who_waits_is_woken() -> None:
    news = News()
    waiting = asyncio.create_task(news.after(news.revision, together=0))
    await asyncio.sleep(0)
    assert not waiting.done()

    news.site("blog")

    async with asyncio.timeout(30):
        await waiting
