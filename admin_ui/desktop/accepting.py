"""What the window asks pages for: Qt asks for English unless it is told, other toolkits for the system's language."""

import webview


def ask_in(window: webview.Window, language: str) -> None:
    """Have pages asked for in this language; called by the toolkit, on its own thread."""
    if webview.renderer == "qtwebengine":
        window.native.webview.page().profile().setHttpAcceptLanguage(language)
