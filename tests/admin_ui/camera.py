"""Windows of several people on one world, in light or dark, on a phone or a desk, and what axe says of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, ViewportSize

from tests.admin_ui.states import State
from tests.admin_ui.window import Window
from tests.admin_ui.world import World
from tests.cast import Person
from tests.clients.node import Package, command

AXE = Package("axe-core@4", "axe-core/axe.min.js")
SIZES: dict[str, ViewportSize] = {"desk": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@cache
def axe() -> str:
    """The source of axe-core, installed by its name."""
    return Path(command(AXE)[1]).read_text(encoding="utf-8")


@dataclass
class Camera:
    """One scheme, size and language; a window for each person, signed in once."""

    browser: Browser
    world: World
    scheme: str = "light"
    size: str = "desk"
    language: str = "en"
    signed: dict[Person, Any] = field(default_factory=dict)

    @contextmanager
    def on(self, state: State) -> Iterator[Page]:
        """A screen in a state; what the browser complains of there fails the test, the policy's violations too."""
        options: dict[str, Any] = {
            "color_scheme": self.scheme,
            "viewport": SIZES[self.size],
            "locale": self.language,
        }
        if state.who:
            options["storage_state"] = self._signed(state.who)
        with Window.on(self.browser, self.world.url, **options) as window:
            if state.status >= 400:
                window.expect(f"status of {state.status}")
            window.page.goto(self.world.address(state.path))
            assert not state.who or not window.page.url.startswith(f"{self.world.url}/sign-in"), "signed out meanwhile"
            if state.act:
                state.act(window.page)
            yield window.page

    def _signed(self, person: Person) -> Any:
        if person not in self.signed:
            with Window.on(self.browser, self.world.url) as window:
                window.sign_in(person)
                self.signed[person] = window.page.context.storage_state()
        return self.signed[person]


def violations(page: Page) -> list[str]:
    """What axe finds on a page: the rule, and where."""
    page.evaluate(axe())
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", RULES)
    return [
        f"{rule['id']}: {', '.join(' '.join(map(str, node['target'])) for node in rule['nodes'])} ({rule['help']})"
        for rule in found["violations"]
    ]


def overflow(page: Page) -> int:
    """Pixels by which a page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
