"""What is shipped beside the code: style sheets as one, the handbook, the list of screens."""

import re

from admin_ui import handbook
from admin_ui.assets import SHEETS, Assets
from admin_ui.edge import OpenRoute
from admin_ui.look.themes import SHIPPED
from admin_ui.screens import SCREENS
from tests.admin_ui.states import STATES, UNSEEN
from tests.admin_ui.themes import shipped_themes


def test_links_between_pages_lead_to_pages() -> None:
    html = handbook.render("[a](admin.md) [b](../help/first-site.md) [c](https://example.org/x.md) <b>raw</b>")

    assert 'href="/help/admin"' in html
    assert 'href="/help/first-site"' in html
    assert 'href="https://example.org/x.md"' in html
    assert "<b>" not in html


def test_no_page_has_a_dead_link() -> None:
    pages = handbook.chapters()
    dead = [
        f"{name}: {target}"
        for name, chapter in pages.items()
        for target in re.findall(r'href="/help/([^"]+)"', chapter.body)
        if target not in pages
    ]

    assert dead == []


def test_every_column_of_the_help_has_a_head() -> None:
    empty = [name for name, chapter in handbook.chapters().items() if re.search(r"<th[^>]*></th>", chapter.body)]

    assert empty == []


def test_every_style_sheet_is_in_the_one_that_is_sent() -> None:
    assets = Assets.load(shipped_themes())

    assert not [name for name in assets.files if name.startswith("css/")]
    assert len(SHEETS) == len(set(SHEETS))
    assert all(b":root" in assets.files[f"{theme}.css"] for theme in SHIPPED)


def test_only_first_run_and_sign_in_are_open() -> None:
    assert {route.rule for screen in SCREENS for route in screen.ROUTES if isinstance(route, OpenRoute)} == {
        "/setup",
        "/sign-in",
        "/sign-in/link",
    }


def test_every_screen_has_states_that_are_looked_at() -> None:
    assert {state.screen for state in STATES} | UNSEEN == {screen.__name__.rpartition(".")[2] for screen in SCREENS}
    assert len({state.id for state in STATES}) == len(STATES)
