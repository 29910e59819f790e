"""Empty files made ahead, while nobody waits for anything: an upload takes them in place of new ones.

To make a file a file system looks for a free place for it, which can take twenty times as long as to open one that is
there (ext4, for a while after many were deleted: measured). They lie in folders of some; who wants any moves a whole
folder away, which is one step, so that no two ever get the same. All of them may be lost at any time.
"""

import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

if sys.platform != "win32":  # there nothing is made ahead
    import fcntl

FILES = 256  # in a folder: their names fit into one block of it, so each is found quickly
FOLDERS = 16  # kept ready: for a thousand pages with two forms each, or four thousand whose forms are packed
NOT_WORTH = 16  # files that are made when they are wanted: a small upload takes no folder
READ_ONLY = 0o444  # what content is: never changed and never executable
WRITABLE = 0o222
MODE = READ_ONLY if hasattr(os, "geteuid") and os.geteuid() == 0 else READ_ONLY | 0o200  # root may write to any
_PLAIN = getattr(os, "O_BINARY", 0)
_WRITE = os.O_WRONLY | _PLAIN
NEW = _WRITE | os.O_CREAT | os.O_EXCL
_numbers = count()  # of one process, whatever folders it writes to, and however often it begins with one
_UNFINISHED = "."  # what the name of a folder begins with that is not to be taken yet


class Spares:
    """The empty files that are kept ready below `root`, which is on the store's file system; None: there are none.

    Safe to use from several threads and processes.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._root = root

    @classmethod
    def at(cls, root: str) -> "Spares":
        """Those below this folder; none where it is empty."""
        return cls(Path(root) if root else None)

    def files_in(self, folder: str) -> "NewFiles":
        """New files for this process, below a folder in which others may have some too."""
        return NewFiles(f"{folder}/p{os.getpid()}", self)

    def take(self, target: str) -> list[str]:
        """Move a folder of them to `target`, which must not exist; their paths there, none where there is no folder."""
        for name in self._folders():
            with suppress(OSError):  # another took it
                os.rename(f"{self._root}/{name}", target)
                return [f"{target}/{one}" for one in os.listdir(target)]
        return []

    def give_back(self, folder: str) -> None:
        """Take back a folder, for what is left in it."""
        with suppress(OSError):  # then what is left goes with the folder it is in
            os.rename(folder, self._unfinished())

    def fill(self, may_go_on: Callable[[], bool]) -> None:
        """Make what is missing, unless another process does, for as long as it may go on. A full disk ends it."""
        if self._root is None or sys.platform == "win32":
            return
        with suppress(OSError), self._alone():
            for name in self._folders(unfinished=True):
                _clean(f"{self._root}/{name}")
            while may_go_on() and len(self._folders()) < FOLDERS:
                folder = self._to_finish()
                _finish(folder, may_go_on)
                if may_go_on():
                    os.rename(folder, self._root / secrets.token_hex(8))

    def _to_finish(self) -> str:
        """A folder to make ready: one that was given back, or that was begun, else a new one."""
        if names := self._folders(unfinished=True):
            return f"{self._root}/{names[0]}"
        folder = self._unfinished()
        os.mkdir(folder, 0o700)
        return folder

    def _unfinished(self) -> str:
        return f"{self._root}/{_UNFINISHED}{secrets.token_hex(8)}"

    def _folders(self, *, unfinished: bool = False) -> list[str]:
        if self._root is None:
            return []
        try:
            names = os.listdir(self._root)
        except FileNotFoundError:
            return []
        return [name for name in names if name.startswith(_UNFINISHED) == unfinished]

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Raises OSError while another process is at it."""
        if sys.platform != "win32":
            descriptor = os.open(self._root or "", os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield
            finally:
                os.close(descriptor)


def _clean(folder: str) -> None:
    """Take out what is a first name of content, which has another one by now, or was to become some."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not _is_spare(entry.stat()):
                os.unlink(entry.path)


def _finish(folder: str, may_go_on: Callable[[], bool]) -> None:
    there = set(os.listdir(folder))
    missing = (name for number in count() if (name := f"{number:03}") not in there)
    for _ in range(FILES - len(there)):
        if not may_go_on():
            return
        os.close(os.open(f"{folder}/{next(missing)}", NEW, MODE))


def _is_spare(about: os.stat_result) -> bool:
    """Whether nobody has written to the file, and it is nothing else by another name."""
    return about.st_size == 0 and about.st_nlink == 1


class NewFiles:
    """New files for one writer, in a `folder` of its own: spare ones, once it has had a few. From several threads."""

    def __init__(self, folder: str, spares: Spares) -> None:
        self._folder = folder
        self._make_folder()
        self._spares = spares
        self._ready: list[str] = []
        self._may_take = True
        self._made = 0  # not always exact where two threads meet: it only says when a folder is worth it

    def open(self) -> tuple[str, int]:
        """The path of a new file, and a descriptor by which alone it can be written."""
        while name := self._spare():
            try:
                descriptor = os.open(name, _WRITE)
            except OSError:  # who emptied this folder has not told the writer
                continue
            if _made_ready(descriptor):
                return name, descriptor
        self._made += 1
        name = self.name()
        try:
            return name, os.open(name, NEW, READ_ONLY)
        except FileNotFoundError:  # likewise
            self._make_folder()
            return name, os.open(name, NEW, READ_ONLY)

    def _make_folder(self) -> None:
        """With the workspace it is in, but not where workspaces are: FileNotFoundError where the disk is not there."""
        folder = Path(self._folder)
        for each in (*reversed(folder.parents[:2]), folder):
            with suppress(FileExistsError):
                each.mkdir()

    def name(self) -> str:
        """A path in the folder that nothing has yet."""
        return f"{self._folder}/{next(_numbers)}"

    def _spare(self) -> str | None:
        try:
            return self._ready.pop()
        except IndexError:  # none is left; asking first would not do, where two threads take the last one
            pass
        if self._made < NOT_WORTH or not self._may_take:
            return None
        taken = self._spares.take(self.name())
        self._may_take = bool(taken)
        self._ready += taken[1:]
        return taken[0] if taken else None


def _made_ready(descriptor: int) -> bool:
    """Whether a file is as good as new; closed if it is not."""
    about = os.fstat(descriptor)
    if not _is_spare(about):
        os.close(descriptor)
        return False
    if about.st_mode & WRITABLE:
        os.fchmod(descriptor, READ_ONLY)
    return True


def taken(inbox: str) -> Iterator[str]:
    """The folders of spare files that writers have taken who have their own folders in this one."""
    for writer in _folders(inbox):
        yield from _folders(writer)


def _folders(path: str) -> list[str]:
    with os.scandir(path) as entries:
        return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
