"""The clipboard of the window: Qt asks whether a page may use it, the other toolkits let every page do so."""

from enum import Enum
from typing import Protocol

import webview


class Origin(Protocol):
    """An address as Qt keeps it."""

    def toString(self) -> str:  # noqa: N802 - Qt's own name
        """The address."""


class Permission(Protocol):
    """What Qt asks on behalf of a page (QWebEnginePermission)."""

    def permissionType(self) -> Enum:  # noqa: N802 - Qt's own name
        """What the page wants to do."""

    def origin(self) -> Origin:
        """Where the page is from."""

    def grant(self) -> None:
        """Let it."""


def let_copy(window: webview.Window, admin: str) -> None:
    """Let the pages of the admin at `admin` use the clipboard; called by the toolkit, on its own thread."""
    if webview.renderer != "qtwebengine":
        return
    page = window.native.webview.page()
    page.featurePermissionRequested.disconnect()  # pywebview's own answer raises, and nothing else is asked for here
    page.permissionRequested.connect(lambda asked: answer(asked, admin))


def answer(asked: Permission, admin: str) -> None:
    """Grant the clipboard to the admin; whatever else is asked for stays refused."""
    if (asked.permissionType().name, asked.origin().toString().rstrip("/")) == (
        "ClipboardReadWrite",
        admin.rstrip("/"),
    ):
        asked.grant()
