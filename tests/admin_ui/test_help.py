"""The help."""

import pytest

from tests.admin_ui.desk import Desk

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_page_can_be_read(alice: Desk) -> None:
    listed = [path for path in (await alice.page("/help")).links() if path.startswith("/help/")]

    assert listed[:2] == ["/help/first-site", "/help/admin"]
    for path in listed:
        assert ("article", "prose") in [(tag, known.get("class")) for tag, known in (await alice.page(path)).tags]


async def test_what_has_changed_is_among_them(alice: Desk) -> None:
    assert "0.1.0" in (await alice.page("/help/changelog")).text


@pytest.mark.parametrize("path", ["/help/nothing", "/help/..%2Fapp", "/help/first-site.md"])
async def test_a_page_that_is_not_there_is_not_found(alice: Desk, path: str) -> None:
    assert (await alice.get(path)).status_code == 404
