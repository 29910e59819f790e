"""What was answered, kept beside the server: what each site's deploys hold, and what its visitors may get."""

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.builders import page

Contents = dict[str, bytes]
PATHS = ("index.html", "style.css", "data/large.txt", "data/small.txt", "same.txt")


@dataclass(eq=False)
class Kept:
    """A deploy somebody was told of: `ready` once that was told; `deleted` is "no", "yes", or "maybe" after a kill.

    `draft` deploys never go live by themselves, and `expires` is when its time is over, in seconds since 1970.
    """

    id: str
    number: int
    contents: Contents
    ready: bool = False
    was_live: bool = False
    deleted: str = "no"
    draft: bool = False
    expires: float | None = None


@dataclass(eq=False)
class SiteModel:
    """One site. The server `keeps` so many of its deploys, or all: older ones may go, if nothing points to them.

    `asked` is what was sent and not answered yet; `turning` where a move of the pointer leads that was not answered,
    and `is_due` whether it has to get there: an accepted deploy goes live, a rollback may have come to nothing.
    `newest` is the highest number that a deploy of the site has had, whatever came of it.
    """

    name: str
    keeps: int | None = None
    deploys: dict[str, Kept] = field(default_factory=dict)
    live: Kept | None = None
    asked: Contents | None = None
    turning: Kept | None = None
    is_due: bool = False
    alias: Kept | None = None
    aliasing: Kept | None = None
    newest: int = 0
    versions: int = 0
    bodies: dict[str, set[bytes]] = field(default_factory=lambda: {path: set() for path in PATHS})
    lock: threading.Lock = field(default_factory=threading.Lock)

    def version(self, chance: random.Random) -> Contents:
        """A new version's files; from now on a visitor may get them."""
        self.versions += 1
        mark = f"{self.name} {self.versions} {chance.random()}"
        large = "".join(f"{mark} {line}\n" for line in range(chance.choice([10, 800, 8000])))
        texts = (page(mark), f"/* {mark} */ body {{}}", large, mark, f"the same in every deploy of {self.name}")
        return self.known({path: text.encode() for path, text in zip(PATHS, texts, strict=True)})

    def known(self, contents: Contents) -> Contents:
        """Contents that a visitor may get from now on."""
        with self.lock:
            for path, body in contents.items():
                self.bodies[path].add(body)
        return contents

    def may_show(self, path: str, body: bytes) -> bool:
        """Whether some version, sent by now, has this at the path."""
        with self.lock:
            return body in self.bodies[path]

    def there(self) -> list[Kept]:
        """The deploys that have to be there, oldest first."""
        return sorted((kept for kept in self.deploys.values() if kept.deleted == "no"), key=lambda kept: kept.number)

    def count(self, numbers: Iterable[int]) -> None:
        """Deploys with these numbers are there, or were: those that failed or expired count in retention, too."""
        self.newest = max([self.newest, *numbers, *(kept.number for kept in self.deploys.values())])

    def may_be_retired(self, kept: Kept) -> bool:
        """Whether the server's rules of retention may take this deploy, or may have taken it: not one of the newest.

        What was pointed to then is not known here after a kill; that the live deploy and the alias's are there is
        looked at by itself.
        """
        return self.keeps is not None and self.newest - kept.number >= self.keeps

    def earlier(self) -> Kept | None:
        """What a rollback leads to."""
        if self.live is None:
            return None
        older = [one for one in self.there() if one.number < self.live.number and one.ready and one.was_live]
        return older[-1] if older else None

    def turn(self, kept: Kept, *, is_due: bool) -> None:
        """The pointer was asked to move."""
        self.turning, self.is_due = kept, is_due

    def may_be_live(self) -> set[Kept | None]:
        """What visitors may get now."""
        if self.turning is not None and self.is_due:
            return {self.turning}
        return {self.live, self.turning} if self.turning else {self.live}

    def goes_live(self, kept: Kept) -> None:
        """Visitors get this deploy, as was answered or seen."""
        kept.was_live = True
        self.live, self.turning, self.is_due = kept, None, False

    def drop(self, kept: Kept) -> None:
        """A deploy came to nothing."""
        del self.deploys[kept.id]
        if self.turning is kept:
            self.turning, self.is_due = None, False
