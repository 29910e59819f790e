"""Opens addresses in the browser of whoever sits at this machine, without showing them to its other users."""

import html
import os
import shutil
import sys
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
WITH_A_DISPLAY = frozenset({"win32", "darwin"})
PATIENCE = 5.0  # seconds for a browser to be started; some are waited for until they are closed

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
{head}<title>Dropdock</title>
<style>body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 20vh auto 0; padding: 0 1rem }}</style>
<h1>Dropdock</h1>
<p>{body}</p>
"""


def is_here() -> bool:
    """Whether there is a browser to open something in."""
    if not has_display() and not os.environ.get("BROWSER"):
        return False  # what may be there would take the terminal over
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True


def has_display() -> bool:
    """Whether windows can be shown."""
    return sys.platform in WITH_A_DISPLAY or any(os.environ.get(name) for name in DISPLAYS)


def open_link(link: str, page: Path) -> bool:
    """Open a link that is a secret; whether there is a browser. `page` is a file of ours that leads to it.

    Everybody on this machine can read which words a program was started with, but not this file.
    """
    there = html.escape(link)
    head = f'<meta http-equiv="refresh" content="0; url={there}">\n'
    return _open_page(_PAGE.format(head=head, body=f'<a href="{there}">Open the admin</a>'), page)


def open_message(sentence: str, page: Path) -> bool:
    """Show a sentence to somebody who has no terminal to read it on; whether there is a browser."""
    return _open_page(_PAGE.format(head="", body=html.escape(sentence)), page)


def place_of(page: Path) -> Path:
    """Where to put a page so that the browser may read it: `page`, where nothing speaks against it.

    A browser that came as a snap, as Ubuntu's Firefox does, may not look into hidden folders of the home folder.
    """
    home = Path.home()
    hidden = page.is_relative_to(home) and any(part.startswith(".") for part in page.relative_to(home).parts)
    if hidden and shutil.which("snap") is not None:
        return platformdirs.user_downloads_path() / "dropdock.html"
    return page


def forget(page: Path) -> None:
    """Take a page away that nobody needs any more."""
    place_of(page.absolute()).unlink(missing_ok=True)


def _open_page(text: str, page: Path) -> bool:
    if not is_here():
        return False
    page = place_of(page.absolute())
    page.unlink(missing_ok=True)  # whoever may read what is there now may not read what comes
    descriptor = os.open(page, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    starting = threading.Thread(target=_start, args=(page.as_uri(),), daemon=True)
    starting.start()
    starting.join(PATIENCE)
    return True


def _start(address: str) -> None:
    with _outside():
        webbrowser.open(address)


@contextmanager
def _outside() -> Iterator[None]:
    """Within, children find the system's libraries: a frozen program's loader has put the program's own before them."""
    ours = os.environ.get("LD_LIBRARY_PATH")
    if ours is None or not getattr(sys, "frozen", False):
        yield
        return
    theirs = os.environ.get("LD_LIBRARY_PATH_ORIG")
    if theirs is None:
        del os.environ["LD_LIBRARY_PATH"]
    else:
        os.environ["LD_LIBRARY_PATH"] = theirs
    try:
        yield
    finally:
        os.environ["LD_LIBRARY_PATH"] = ours
