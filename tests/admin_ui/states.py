"""The states of every screen that are looked at: empty, filled, refused, too many rows. A screen without one fails.

A state is reached as a person would: by an address, and by what is done there.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.admin_ui.world import MIA, SET_UP
from tests.cast import ALICE, BOB, CHARLIE, OLGA, Person

Act = Callable[[Page], None]


@dataclass(frozen=True)
class State:
    """A screen (its module's name) in a state; `path` may name a deploy of the world, `{live}`.

    `status` is what the browser says of a request that is refused on purpose.
    """

    screen: str
    name: str
    path: str
    who: Person | None
    act: Act | None = None
    status: int = 200

    @property
    def id(self) -> str:
        return f"{self.screen}-{self.name}"


def sent(**fields: str) -> Act:
    """Fill fields of a form by their ids and send it as it is, whatever the browser thinks of it, in any language."""

    def act(page: Page) -> None:
        for name, value in fields.items():
            page.fill(f"#{name}", value)
        press = page.locator(f"form:has(#{name}) button:not([type=button])").first
        press.evaluate("button => { button.form.noValidate = true; }")
        with page.expect_navigation():
            press.click()

    return act


def token_made(page: Page) -> None:
    """A token under a name of its own: a state is looked at several times, and names are taken once."""
    sent(name=f"laptop {secrets.token_hex(2)}")(page)


def asking(action: str) -> Act:
    """Send a form that asks first, and look at the question."""

    def act(page: Page) -> None:
        page.click(f'form[action="{action}"] button')
        page.wait_for_selector("dialog[open]")

    return act


def loading(page: Page) -> None:
    """Something has changed, and the page that is fetched anew does not come."""
    page.evaluate(SILENT)
    page.wait_for_selector("#main [aria-busy=true]")


def overtaken(page: Page) -> None:
    """Somebody is asked whether to call a deploy off that has been called off meanwhile."""
    page.locator("a[href$='/cancel']").first.click()
    page.wait_for_selector("dialog[open]")
    page.evaluate(SENT, page.locator("dialog form").get_attribute("action"))
    page.click("dialog button")
    page.wait_for_selector("dialog [role=alert]")


SENT = """(address) => fetch(address, {
  method: "POST",
  headers: { Accept: "text/html" },
  body: new URLSearchParams({ csrf: document.querySelector("meta[name=csrf]").content, sure: "on" }),
})"""
SILENT = f"""async () => {{
  const fetch = window.fetch;
  window.fetch = () => new Promise(() => {{}});
  for (const what of ["lock", "unlock"]) await ({SENT})(`/sites/busy/${{what}}`);
}}"""

STATES = (
    State("first_run", "empty", SET_UP, None),
    State(
        "first_run",
        "refused",
        SET_UP,
        None,
        sent(email=OLGA.email, password="one", again="another"),
        status=422,
    ),
    State("sign_in", "empty", "/sign-in", None),
    State("sign_in", "refused", "/sign-in", None, sent(email=CHARLIE.email, password="not it"), 401),
    State("sites", "empty", "/", CHARLIE),
    State("sites", "filled", "/", ALICE),
    State("sites", "of-everybody", "/", OLGA),
    State("sites", "many", "/", MIA),
    State("sites", "nothing-found", "/?find=zebra", MIA),
    State("sites", "refused", "/", ALICE, sent(name="no good name"), 422),
    State("sample", "offered", "/", CHARLIE),
    State("checklist", "open", "/", OLGA),
    State("site", "empty", "/sites/not-yet-anything", ALICE),
    State("site", "filled", "/sites/blog", ALICE),
    State("site", "locked", "/sites/shop", ALICE),
    State("site", "many", "/sites/busy", MIA),
    State("site", "not-there", "/sites/nothing", ALICE, status=404),
    State("deploys", "empty", "/sites/not-yet-anything/deploys", ALICE),
    State("deploys", "filled", "/sites/blog/deploys", ALICE),
    State("deploys", "many", "/sites/busy/deploys?sort=-bytes", MIA),
    State("deploys", "nothing-found", "/sites/blog/deploys?find=zebra", ALICE),
    State("deploys", "locked", "/sites/shop/deploys", ALICE),
    State("figures", "filled", "/sites/blog/figures", ALICE),
    State("figures", "empty", "/sites/not-yet-anything/figures?range=month", ALICE),
    State("figures", "of-everything", "/system/figures", OLGA),
    State("domains", "empty", "/sites/not-yet-anything/domains", ALICE),
    State("domains", "filled", "/sites/blog/domains", ALICE),
    State("domains", "many", "/sites/busy/domains", MIA),
    State("domains", "not-there", "/sites/nothing/domains", ALICE, status=404),
    State("differences", "asked", "/sites/blog/diff", ALICE),
    State("differences", "two", "/sites/blog/diff?before={first}&after={live}", ALICE),
    State("inside", "files", "/deploys/{live}/files", ALICE),
    State("inside", "no-files", "/deploys/{live}/files?find=zebra", ALICE),
    State("inside", "rules", "/deploys/{live}/rules", ALICE),
    State("inside", "explained", "/deploys/{live}/explain?url=/", ALICE),
    State("inside", "refused", "/deploys/{live}/explain?url=http://elsewhere.localhost/", ALICE, status=422),
    State("site_settings", "filled", "/sites/blog/settings", ALICE),
    State("site_settings", "refused", "/sites/blog/settings", ALICE, sent(confirm="log"), 422),
    State("deleted_sites", "empty", "/deleted-sites", CHARLIE),
    State("deleted_sites", "filled", "/deleted-sites", ALICE),
    State("builds", "empty", "/sites/blog/builds", ALICE),
    State("builds", "filled", "/sites/shop/builds", ALICE),
    State("builds", "unreadable", "/sites/busy/builds", MIA),
    State("builds", "refused", "/sites/shop/builds", ALICE, sent(output="../out"), 422),
    State("builds", "variable-refused", "/sites/shop/builds", ALICE, sent(name="no name"), 422),
    State("builds", "loading", "/sites/busy/builds", MIA, loading),
    State("queue", "empty", "/queue", CHARLIE),
    State("queue", "partly-failed", "/queue", ALICE),
    State("queue", "many", "/queue", MIA),
    State("queue", "past-the-end", "/queue?page=99", MIA),
    State("queue", "loading", "/queue", MIA, loading),
    State("queue", "refused", "/queue", MIA, overtaken, 409),
    State("gate", "empty", "/sites/blog/gate", ALICE),
    State("gate", "filled", "/sites/shop/gate", ALICE),
    State("gate", "shut", "/sites/busy-too/gate", MIA),
    State("gate", "many", "/sites/busy/gate", MIA),
    State("gate", "past-the-end", "/sites/busy/gate?page=99", MIA),
    State("gate", "loading", "/sites/busy/gate", MIA, loading),
    State("gate", "refused", "/sites/blog/gate", ALICE, sent(password="short"), 422),
    State("gate", "link-refused", "/sites/blog/gate", ALICE, sent(label="a\u200bb"), 422),
    State("gate", "made", "/sites/shop/gate", ALICE, sent(label="The press")),
    State("git", "empty", "/sites/blog/git", ALICE),
    State("git", "filled", "/sites/shop/git", ALICE),
    State("deploy", "live", "/deploys/{live}", ALICE),
    State("deploy", "failed", "/deploys/{failed}", ALICE),
    State("deploy", "asking", "/deploys/{asking}", ALICE),
    State("versions", "live", "/deploys/{live}/version", ALICE),
    State("versions", "earlier", "/deploys/{first}/version", ALICE),
    State("account", "filled", "/account", ALICE),
    State("account", "token-made", "/account", ALICE, token_made),
    State(
        "account",
        "refused",
        "/account",
        ALICE,
        sent(current_password="x", password="x", again="y"),
        422,
    ),
    State("sign_ins", "one", "/account#sign-ins", CHARLIE),
    State("sign_ins", "many", "/account#sign-ins", MIA),
    State("sign_ins", "asked", "/account", MIA, asking("/account/sign-ins/end")),
    State("look", "chosen", "/account#look", ALICE),
    State("people", "filled", "/people", OLGA),
    State("people", "refused", "/people", OLGA, sent(email="nobody", password="x"), 422),
    State("people", "one", "/people/2", OLGA),
    State("people", "forbidden", "/people", BOB, status=403),
    State("history", "filled", "/history", OLGA),
    State("history", "nothing", "/history?site=zebra", OLGA),
    State("system", "filled", "/system", OLGA),
    State("system", "nothing-found", "/system?find=zebra", OLGA),
    State("system_log", "filled", "/system/log", OLGA),
    State("system_log", "nothing-found", "/system/log?level=error", OLGA),
    State("system_log", "forbidden", "/system/log", BOB, status=403),
    State("stopping", "not-here", "/stop", OLGA, status=404),
    State("help_pages", "list", "/help", ALICE),
    State("help_pages", "found", "/help?q=redirects", ALICE),
    State("help_pages", "nothing-found", "/help?q=zebra", ALICE),
    State("help_pages", "page", "/help/settings", ALICE),
    State("components", "all", "/admin/components", OLGA),
)

UNSEEN = frozenset({"checklist", "events", "sample"})
"""Screens with nothing to see: a stream that scripts listen to, and what is seen and pressed on the list of sites."""
