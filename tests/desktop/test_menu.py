"""The menu of the window, over a window that only remembers."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from admin_ui.desktop.menu import Menu, site_at
from appliance.addresses import Addresses

ADMIN = "http://localhost:8080"


@dataclass
class Remembering:
    """A window that shows one page, and what was asked of it."""

    at: str
    done: list[tuple[str, str]] = field(default_factory=list)

    def shown(self) -> str:
        return self.at

    def show(self, address: str) -> None:
        self.done.append(("show", address))

    def say(self, sentence: str) -> None:
        self.done.append(("say", sentence))

    def copy(self, text: str) -> None:
        self.done.append(("copy", text))

    def open_outside(self, place: str) -> None:
        self.done.append(("open", place))

    def show_network(self) -> None:
        self.done.append(("network", ""))

    def quit(self) -> None:
        self.done.append(("quit", ""))


def chosen(title: str, at: str = f"{ADMIN}/sites/blog") -> list[tuple[str, str]]:
    shell = Remembering(at)
    menu = Menu(shell, Addresses("localhost", "localhost", "http", 8080), Path("/srv/data"))
    next(entry for entry in menu.entries() if entry is not None and entry.title == title).act()
    return shell.done


def test_the_site_whose_page_is_shown_is_opened_and_copied() -> None:
    address = "http://blog.localhost:8080/"

    assert chosen("Open site") == [("open", address)]
    assert chosen("Copy address") == [("copy", address)]


@pytest.mark.parametrize("title", ["Open site", "Copy address"])
def test_where_no_site_is_shown_one_is_asked_for(title: str) -> None:
    assert chosen(title, at=f"{ADMIN}/") == [("say", "desktop.choose_site")]


@pytest.mark.parametrize(
    ("title", "done"),
    [
        ("All sites", [("show", f"{ADMIN}/")]),
        ("Open data folder", [("open", "/srv/data")]),
        ("On other devices…", [("network", "")]),
        ("Quit Dropdock", [("quit", "")]),
    ],
)
def test_every_other_entry_does_what_it_says(title: str, done: list[tuple[str, str]]) -> None:
    assert chosen(title) == done


@pytest.mark.parametrize(
    ("address", "site"),
    [
        (f"{ADMIN}/sites/blog", "blog"),
        (f"{ADMIN}/sites/blog/settings?done=1", "blog"),
        (f"{ADMIN}/sites/", None),
        (f"{ADMIN}/", None),
        (f"{ADMIN}/deploys/abc", None),
        ("about:blank", None),
        ("", None),
    ],
)
def test_a_page_is_about_the_site_in_its_address(address: str, site: str | None) -> None:
    assert site_at(address) == site
