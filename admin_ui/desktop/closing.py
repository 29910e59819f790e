"""What becomes of the server when its window is closed: nobody's sites go dark, or stay up, without being asked."""

import threading
from collections.abc import Callable
from typing import Literal

Answer = Literal["keep", "stop", "stay"]
"""Go on in the background; stop the server; leave the window as it is."""

LEAVE_SECONDS = 15.0


class Closing:
    """The one who is told that a window is about to close, and who asks first.

    `ask` shows the question, `hide` takes the window away, `end` ends the program; each may wait for the window's own
    thread, and is therefore never called on it.
    """

    def __init__(self, ask: Callable[[], None], hide: Callable[[], None], end: Callable[[], None]) -> None:
        self._ask, self._hide, self._end = ask, hide, end
        self._lock = threading.Lock()
        self._asking = False
        self._ending = False

    def wanted(self) -> bool:
        """Somebody closes the window: whether it may close now."""
        with self._lock:
            if self._ending:
                return True
            if not self._asking:
                self._asking = True
                _later(self._ask)
            return False

    def answered(self, answer: Answer) -> None:
        """What they want; an answer that comes without a question, or after another, changes nothing."""
        with self._lock:
            if not self._asking:
                return
            self._asking = False
        if answer == "keep":
            _later(self._hide)
        elif answer == "stop":
            self.end()

    def end(self) -> None:
        """End the program without asking; the second time nothing happens."""
        with self._lock:
            if self._ending:
                return
            self._ending = True
        _later(self._end)


def leave(end: Callable[[], None], left: threading.Event, otherwise: Callable[[], None]) -> None:
    """Have the window end; call `otherwise` where its toolkit has not let go of it, as `left` tells, in good time.

    A window is drawn by a toolkit that may hang, on a screen that may be gone; who stops the program still stops it.
    """
    end()
    if not left.wait(LEAVE_SECONDS):
        otherwise()


def _later(act: Callable[[], None]) -> None:
    threading.Thread(target=act, daemon=True).start()
