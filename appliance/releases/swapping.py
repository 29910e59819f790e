"""The executable that people start: another file takes its place in one step, and the one before can come back."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Executable:
    """The program's one file. What is put there was written beside it: a rename is all that happens to `path`."""

    path: Path

    @property
    def before(self) -> Path:
        """The one that was there before the last update."""
        return self.path.with_name(f"{self.path.name}.before")

    @property
    def beside(self) -> Path:
        """Where a new one is written to."""
        return self.path.with_name(f".{self.path.name}.new")

    def take_rights(self) -> None:
        """Give the new one the mode and, where that may be done, the owner of the old."""
        now = self.path.stat()
        self.beside.chmod(now.st_mode & 0o7777)
        if os.name == "posix" and os.geteuid() == 0:
            os.chown(self.beside, now.st_uid, now.st_gid)

    def swap(self) -> None:
        """Put the new one in place; there is an executable at every moment, and afterwards the old one as `before`."""
        self.before.unlink(missing_ok=True)
        if os.name == "posix":
            os.link(self.path, self.before)
        else:
            shutil.copy2(self.path, self.before)
        self.beside.replace(self.path)

    def back(self) -> None:
        """Put the old one back."""
        self.before.replace(self.path)
