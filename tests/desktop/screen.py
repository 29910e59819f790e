"""A screen that nobody looks at, with windows that are handled as a person does: by mouse, keys and looking."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements-desktop.txt"
PICTURES = ROOT / "test-results"
SIZE = (1280, 900)
SOON = 90.0  # seconds for a window on a busy machine

# A window with a folder to drag out of it, as a file manager has; what is on the clipboard goes to standard output.
SOURCE = """

from sys import argv
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag, QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel

class Folder(QLabel):
    def mouseMoveEvent(self, event):
        drag, data = QDrag(self), QMimeData()
        data.setUrls([QUrl.fromLocalFile(argv[1])])
        drag.setMimeData(data)
        drag.exec(Qt.CopyAction)

app = QApplication(argv)
folder = Folder("drag me")
folder.setWindowTitle("File manager")
folder.setWindowFlags(Qt.FramelessWindowHint | Qt.WindowStaysOnTopHint)
folder.setGeometry(0, 0, 90, 30)
folder.show()
app.exec()
"""
CLIPBOARD = """
from PySide6.QtWidgets import QApplication, QWidget
from PySide6.QtCore import QTimer
app = QApplication([])
def tell():
    print(app.clipboard().text(), flush=True)
    app.quit()
QTimer.singleShot(500, tell)
app.exec()
"""


@dataclass(frozen=True)
class Toolkit:
    """What draws a window: Qt, which the lock brings, or GTK, which only the system's own Python can use."""

    name: str
    python: str
    names: dict[str, str]
    as_root: dict[str, str]
    of_the_system: bool = False

    def environment(self) -> Path:
        """An interpreter with what requirements-desktop.txt locks; made once, kept for the next run."""
        place = ROOT / "build" / f"desktop-{self.name}"
        python, made_of, wanted = place / "bin" / "python", place / "made-of", self._wanted()
        if not made_of.is_file() or made_of.read_text() != wanted:
            options = ["--clear", *(["--system-site-packages"] if self.of_the_system else [])]
            subprocess.run([self.python, "-m", "venv", *options, place], check=True, timeout=600)
            lock = place / "lock.txt"
            lock.write_text(wanted)
            install = ("-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock))
            subprocess.run([python, *install], check=True, timeout=900)
            made_of.write_text(wanted)
        return python

    def variables(self) -> dict[str, str]:
        """What the toolkit has to be told."""
        return {"PYWEBVIEW_GUI": self.name} | self.names | (self.as_root if os.geteuid() == 0 else {})

    def _wanted(self) -> str:
        """The lock, without Qt where the system's toolkit is used."""
        entries = re.split(r"\n(?=\w)", LOCK.read_text(encoding="utf-8"))
        return "\n".join(entry for entry in entries if not (self.of_the_system and entry.startswith(OF_QT))) + "\n"


OF_QT = ("pyside6", "shiboken6", "qtpy")
QT = Toolkit(
    "qt",
    sys.executable,
    {"QT_QPA_PLATFORM": "xcb", "QT_API": "pyside6"},
    {"QTWEBENGINE_DISABLE_SANDBOX": "1"},
)
GTK = Toolkit("gtk", "/usr/bin/python3", {}, {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}, of_the_system=True)


@dataclass(frozen=True)
class Screen:
    """An X server and a window manager of the test's own."""

    display: str

    @classmethod
    @contextmanager
    def on(cls) -> Iterator["Screen"]:
        """A screen until the block ends."""
        reading, writing = os.pipe()
        geometry = "x".join(map(str, (*SIZE, 24)))
        command = ("Xvfb", "-displayfd", str(writing), "-screen", "0", geometry, "-nolisten", "tcp")
        with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
            os.close(writing)
            with os.fdopen(reading) as said:
                screen = cls(f":{said.readline().strip()}")
            with subprocess.Popen(["openbox"], env=screen.environment, stderr=subprocess.DEVNULL) as manager:
                try:
                    yield screen
                finally:
                    manager.terminate()
                    server.terminate()

    @property
    def environment(self) -> dict[str, str]:
        """What programs on it need to know."""
        return {**os.environ, "DISPLAY": self.display, **QT.variables()}

    def do(self, *words: object) -> str:
        """What xdotool does and says."""
        command = ["xdotool", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout

    def windows(self, title: str) -> list[str]:
        """The windows of that title that can be seen."""
        return self.do("search", "--onlyvisible", "--name", f"^{re.escape(title)}$").split()

    def window(self, title: str) -> str:
        """The window of that title, once it is there, in front and ready for keys."""
        self.until(lambda: bool(self.windows(title)), f"no window {title!r}")
        found = self.windows(title)[0]
        self.do("windowactivate", "--sync", found)
        return found

    def click(self, window: str, place: tuple[int, int]) -> None:
        """Click into a window; the place in pixels from the upper left of what is in its frame."""
        self.do("mousemove", "--window", window, *place, "click", 1)

    def until(self, happened: Callable[[], bool], otherwise: str) -> None:
        """Wait for something; AssertionError, with a picture kept, if it does not happen."""
        until = time.monotonic() + SOON
        while not happened():
            if time.monotonic() > until:
                raise AssertionError(f"{otherwise}: see {self.picture('failed')}")
            time.sleep(0.2)

    def picture(self, name: str) -> Path:
        """Keep what the screen shows."""
        PICTURES.mkdir(exist_ok=True)
        file = PICTURES / f"desktop-{name}.png"
        subprocess.run(["import", "-window", "root", file], env=self.environment, check=True, timeout=60)
        return file

    def colours(self) -> int:
        """How many colours the screen shows: few, as long as a page has not been drawn."""
        command = ("convert", str(self.picture("now")), "-format", "%k", "info:")
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    def python(self, interpreter: Path, script: str, *arguments: str) -> subprocess.Popen[str]:
        """Start a script on this screen."""
        command = [str(interpreter), "-c", script, *arguments]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)

    def drag(self, source: tuple[int, int], target: tuple[int, int]) -> None:
        """Press, move in steps as a hand does, let go."""
        self.do("mousemove", *source, "mousedown", 1)
        for step in range(1, 21):
            place = [round(a + (b - a) * step / 20) for a, b in zip(source, target, strict=True)]
            self.do("mousemove", *place)
            time.sleep(0.05)
        for step in range(20):  # a target has to say that it takes what is dragged before that may be let go
            self.do("mousemove", target[0] + step % 2, target[1])
            time.sleep(0.1)
        self.do("mouseup", 1)
