"""What a project's fetch steps brought, kept by lock file: the next build with the same lock fetches nothing."""

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from builds.folders import content
from builds.recipe import Recipe
from builds.tools.environment import Kept


@dataclass(frozen=True, slots=True)
class Dependencies:
    """The fetched folders of one recipe (`node_modules`), in `source`; made before anything is fetched.

    They are kept for `scope`, a site, alone: fetching may have run what the project names. `tools` are names with
    versions, on which what was fetched depends. `aside` is an empty place on the same disk as `source`.
    """

    recipe: Recipe
    source: Path
    aside: Path
    kept: Kept
    scope: str
    tools: tuple[str, ...] = ()
    key: str = field(init=False)
    """Of the lock files' content before fetching, which may change them, and of all else that decides what comes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self._digest() if self._can_be_kept else "")

    def restore(self) -> bool:
        """Put in place what an earlier build with the same lock fetched; whether there was any, and a place for it."""
        if not self._can_be_kept or not self.kept.folder(self.key, self.aside):
            return False
        try:
            for number, folder in enumerate(self._folders):
                if (found := self.aside / str(number)).is_dir():
                    if not self._is_inside(folder.parent):
                        return False
                    _put(found, folder)
        except (FileExistsError, NotADirectoryError):
            return False  # the upload has a file where a folder should be: whoever fetches can say so
        finally:
            shutil.rmtree(self.aside)
        return True

    def keep(self) -> None:
        """Keep what was fetched; called before anything else has run on it."""
        if not self._can_be_kept:
            return
        there = [(number, folder) for number, folder in enumerate(self._folders) if self._is_its_own(folder)]
        self.aside.mkdir()
        for number, folder in there:
            folder.rename(self.aside / str(number))
        if there:
            self.kept.keep_folder(self.key, self.aside)
        for number, folder in there:
            (self.aside / str(number)).rename(folder)
        shutil.rmtree(self.aside)

    @property
    def _can_be_kept(self) -> bool:
        return bool(self.recipe.lock and self.recipe.keeps)

    @property
    def _folders(self) -> tuple[Path, ...]:
        return tuple(self.source / folder for folder in self.recipe.keeps)

    def _digest(self) -> str:
        steps = [part for step in self.recipe.fetch for part in (step.folder, *step.argv)]
        digest = hashlib.sha256()
        for part in (self.scope, *self.tools, "", *steps, "", *self.recipe.keeps):
            digest.update(part.encode() + b"\0")
        for name in (*self.recipe.lock, *(f"{step.folder}/package.json".lstrip("/") for step in self.recipe.fetch)):
            path = self.source / name
            for piece in content(path) or () if self._is_its_own(path) else ():
                digest.update(piece)
            digest.update(b"\0")
        return digest.hexdigest()

    def _is_its_own(self, path: Path) -> bool:
        """Whether a path is there and no part of it is a link, which a fetched package may have put there."""
        return path.exists() and self._is_inside(path)

    def _is_inside(self, path: Path) -> bool:
        """Whether no part of a path is a link, as far as it is there."""
        return path.resolve() == self.source.resolve() / path.relative_to(self.source)


def _put(found: Path, folder: Path) -> None:
    """A folder in place of whatever the upload has there. Raises OSError where there is no room for it."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    found.rename(folder)
