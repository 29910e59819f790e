"""A real browser window on the admin: drops real files, remembers what its scripts did, and that nothing complained."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright

from tests import components
from tests.cast import Person

FLAGS = ("--disable-gpu", "--disable-background-networking", "--no-first-run")
PATIENCE = 30_000  # ms: on a busy machine whatever is waited for takes its time
COPY = 1  # of the drag operations a drop may do

# Every state every step of every upload has been in, however briefly; and the file fields that asked for files.
REMEMBER = """
window.pickersOpened = [];
addEventListener("click", ({ target, defaultPrevented }) => {
  if (target.type === "file" && !defaultPrevented) window.pickersOpened.push(target.labels[0].innerText.trim());
});
window.stepsSeen = [];
new MutationObserver((changes) => {
  for (const { target } of changes) window.stepsSeen.push(`${target.dataset.step} ${target.dataset.state}`);
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
"""

HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""

# Whether the list of deploys reads as expected, such as "Deploy 2: Live", from the top.
LISTS = """(expected) => {
  const rows = [...document.querySelectorAll("#deploys tbody tr")];
  const read = (row) => `${row.querySelector("td a").innerText}: ${row.querySelector(".badge").innerText}`;
  return JSON.stringify(rows.map(read)) === JSON.stringify(expected);
}"""


@dataclass
class Chromium:
    """The installed Chromium, headless; one that has ended is followed by another."""

    playwright: Playwright
    _running: Browser | None = None

    @classmethod
    @contextmanager
    def at_hand(cls) -> Iterator["Chromium"]:
        expect.set_options(timeout=PATIENCE)
        with sync_playwright() as playwright:
            chromium = cls(playwright)
            yield chromium
            if chromium._running is not None:
                chromium._running.close()

    @property
    def browser(self) -> Browser:
        """The one that runs, started if none does."""
        if self._running is None or not self._running.is_connected():
            sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()  # Chromium refuses to run as root with it
            self._running = self.playwright.chromium.launch(
                executable_path=components.browser(), args=[*FLAGS, *sandbox]
            )
        return self._running


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser for as long as the block lasts."""
    with Chromium.at_hand() as at_hand:
        yield at_hand.browser


@dataclass
class Window:
    """One tab, and what it complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    @classmethod
    @contextmanager
    def on(cls, browser: Browser, url: str, *, scripts: bool = True, **options: Any) -> Iterator["Window"]:
        """A fresh window; complaints of any script, policy or missing file fail the test."""
        context = browser.new_context(java_script_enabled=scripts, **options)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        window = cls(page, url)
        page.add_init_script(REMEMBER)
        page.on("console", window.hear)
        page.on("filechooser", lambda _: None)  # nobody is there to close a dialog
        page.on("pageerror", lambda error: window.complaints.append(str(error)))
        yield window
        context.close()
        unexpected = [said for said in window.complaints if not any(part in said for part in window.expected)]
        assert unexpected == [], unexpected

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def expect(self, complaint: str) -> None:
        """Chromium will say this of a request that is refused or lost on purpose."""
        self.expected.append(complaint)

    def sign_in(self, person: Person) -> None:
        self.page.goto(f"{self.url}/sign-in")
        self.page.fill("#email", person.email)
        self.page.fill("#password", person.password)
        self.page.press("#password", "Enter")
        self.page.wait_for_url(f"{self.url}/")

    def open(self, path: str) -> None:
        """Go to a page of the admin and remember that it was not left since."""
        self.page.goto(f"{self.url}{path}")
        self.page.evaluate("window.stayed = true")

    def stayed(self) -> bool:
        """Whether the page that was opened is there still, and was not loaded anew."""
        return bool(self.page.evaluate("window.stayed === true"))

    def set_hidden(self, *, hidden: bool) -> None:
        """What happens when another tab is looked at, which a browser without a screen does not do by itself."""
        self.page.evaluate(HIDE, hidden)

    def new_site(self, name: str) -> None:
        self.page.goto(self.url)
        self.page.fill("#name", name)
        self.page.press("#name", "Enter")
        self.page.wait_for_url(f"{self.url}/sites/{name}")

    def drop(self, *paths: Path) -> None:
        """Drop files and folders as from a file manager: the page gets real entries to walk."""
        session = self.page.context.new_cdp_session(self.page)
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": COPY}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 40, "y": 400, "data": data})
        session.detach()

    def wait_until_live(self, number: int, timeout: float = PATIENCE) -> None:
        self.page.wait_for_selector(f".upload[data-outcome=live] >> text=Deploy {number} is live", timeout=timeout)

    def wait_for_deploys(self, *expected: str) -> None:
        """Until the list shows just these, each deploy as its number and state."""
        self.page.wait_for_function(LISTS, arg=list(expected))

    def heading_of(self, url: str) -> str:
        """The heading of a page of a hosted site, looked at in another tab of this browser."""
        tab = self.page.context.new_page()
        tab.goto(url)
        heading = tab.inner_text("h1")
        tab.close()
        return heading

    def pickers_opened(self) -> list[str]:
        opened: list[str] = self.page.evaluate("window.pickersOpened")
        return opened

    def steps_seen(self) -> list[str]:
        seen: list[str] = self.page.evaluate("window.stepsSeen")
        return seen
