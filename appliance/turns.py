"""Whose turn it is: how many deploys are worked on at the same time, in all, per account and per site."""

import threading
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Builder:
    """Whose build a deploy is."""

    account: int
    site: int


@dataclass(frozen=True, slots=True)
class Most:
    """How many at the same time: uploads that are unpacked and stored, and builds in all, per account and per site."""

    deploys: int
    builds: int
    per_account: int
    per_site: int


class Turns:
    """Lets deploys have their turn as far as there is room; the others wait, without a worker waiting with them.

    Plain deploys and builds do not wait for each other. Safe to use from several threads.
    """

    def __init__(self, most: Most) -> None:
        self._most = most
        self._builders: dict[str, Builder] = {}  # deploys known to be builds
        self._having: set[str] = set()
        self._waiting: dict[str, None] = {}  # in the order they came
        self._lock = threading.Lock()

    def is_build(self, deploy: str, builder: Builder) -> None:
        """From now on this deploy counts as a build."""
        with self._lock:
            self._builders[deploy] = builder

    def builds(self, deploy: str) -> bool:
        """Whether a deploy counts as a build."""
        with self._lock:
            return deploy in self._builders

    def take(self, deploy: str) -> bool:
        """Whether the deploy's turn has come; if not, `give_back` will name it one day."""
        with self._lock:
            if self._has_room(deploy):
                self._waiting.pop(deploy, None)
                self._having.add(deploy)
                return True
            self._waiting[deploy] = None
            return False

    def give_back(self, deploy: str) -> list[str]:
        """Its turn is over; those that wait and for which there is room now, to be tried again in this order."""
        with self._lock:
            self._having.discard(deploy)
            ready = [waiting for waiting in self._waiting if self._has_room(waiting)]
            for each in ready:
                del self._waiting[each]
            return ready

    def forget(self, deploy: str) -> None:
        """The deploy has come to its end."""
        with self._lock:
            self._builders.pop(deploy, None)
            self._waiting.pop(deploy, None)

    @property
    def waiting(self) -> int:
        """How many wait here."""
        return len(self._waiting)

    def _has_room(self, deploy: str) -> bool:
        mine = self._builders.get(deploy)
        building = [self._builders[each] for each in self._having if each in self._builders]
        if mine is None:
            return len(self._having) - len(building) < self._most.deploys
        by_account, by_site = Counter(each.account for each in building), Counter(each.site for each in building)
        return (
            len(building) < self._most.builds
            and by_account[mine.account] < self._most.per_account
            and by_site[mine.site] < self._most.per_site
        )
