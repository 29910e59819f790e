"""A small window beside the main one: made when it is first needed, hidden when it is closed, shown again."""

from collections.abc import Callable

import webview


class Aside:
    """One such window. It is never let go before the program ends.

    The toolkit's object behind a window has to be taken apart on the toolkit's own thread, while Python takes apart
    whatever nobody holds any more on the thread that held it last: with Qt that ends the whole program.
    """

    def __init__(self, size: tuple[int, int], *, api: object = None, on_top: bool = False) -> None:
        """`api` has the methods that pages in it may call, as `pywebview.api.<method>(…)`; `size` is in pixels."""
        self._size, self._api, self._on_top = size, api, on_top
        self._window: webview.Window | None = None
        self._ending = False
        self.on_closed: Callable[[], None] = lambda: None

    def show(self, title: str, html: str) -> None:
        """Show a page in it, and call the window like that."""
        if self._window is not None:
            self._window.set_title(title)
            self._window.load_html(html)
            self._window.show()
            self._window.restore()
            return
        width, height = self._size
        self._window = webview.create_window(
            title, html=html, js_api=self._api, width=width, height=height, on_top=self._on_top
        )
        self._window.events.closing += self._closing

    def hide(self) -> None:
        """Take it away until it is shown again."""
        if self._window is not None:
            self._window.hide()

    def end(self) -> None:
        """Take it away for good."""
        self._ending = True
        if self._window is not None:
            self._window.destroy()

    def _closing(self) -> bool:
        if not self._ending:
            self.hide()
            self.on_closed()
        return self._ending
