"""The window's menu: what it offers, and what each entry does to whichever page the window shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from admin_ui.words import t
from appliance.addresses import Addresses


class Shell(Protocol):
    """What a menu needs of the window and the machine around it."""

    def shown(self) -> str:
        """The address of the page that the window shows."""

    def show(self, address: str) -> None:
        """Have the window show a page."""

    def say(self, key: str) -> None:
        """Tell something, by its key in the languages, to who sits in front of the window."""

    def copy(self, text: str) -> None:
        """Put a text on the clipboard, and say whether it is there."""

    def open_outside(self, place: str) -> None:
        """Open an address or a folder in the program that the user has for it."""

    def show_network(self) -> None:
        """Show where other devices reach this server."""

    def quit(self) -> None:
        """End the program."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the menu."""

    title: str
    act: Callable[[], None]


class Menu:
    """The entries, over a window."""

    def __init__(self, shell: Shell, addresses: Addresses, data: Path) -> None:
        self._shell, self._addresses, self._data = shell, addresses, data

    def entries(self) -> Sequence[Entry | None]:
        """What the menu shows, from top to bottom, in the language spoken; None is a line between groups."""
        return (
            Entry(t("desktop.all_sites"), self.show_sites),
            None,
            Entry(t("desktop.open_site"), self.open_site),
            Entry(t("desktop.copy_address"), self.copy_address),
            None,
            Entry(t("desktop.open_data"), self.open_data),
            Entry(t("desktop.devices"), self._shell.show_network),
            None,
            Entry(t("desktop.quit"), self._shell.quit),
        )

    def show_sites(self) -> None:
        """Back to the list, from wherever one has got to."""
        self._shell.show(self._addresses.admin_url)

    def open_site(self) -> None:
        """Open the site whose page is shown, as its visitors see it."""
        self._with_site(self._shell.open_outside)

    def copy_address(self) -> None:
        """Put the address of the site whose page is shown on the clipboard."""
        self._with_site(self._shell.copy)

    def open_data(self) -> None:
        """Show the folder in which everything is kept."""
        self._shell.open_outside(str(self._data))

    def _with_site(self, act: Callable[[str], None]) -> None:
        site = site_at(self._shell.shown())
        if site is None:
            self._shell.say("desktop.choose_site")
        else:
            act(self._addresses.url(self._addresses.site_host(site)))


def site_at(address: str) -> str | None:
    """The site that a page of the admin is about, None where it is about none or about several."""
    _, section, *rest = [*urlsplit(address).path.split("/"), "", ""]
    return unquote(rest[0]) or None if section == "sites" else None
