"""Sees to it that one process at a time writes into a bucket: an object that is renewed for as long as that goes on.

No clocks are compared: who finds the object watches it, and takes over when it has not changed for a while. What was
left by a process of the same data folder is known by its token, and is taken over at once.
"""

import json
import platform
import secrets
import threading
import time
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError
from obstore.store import S3Store

from appliance.safekeeping.items import Refused

NAME = "backups.lock"
RENEWED = 20.0  # seconds between renewals
GONE = 90.0  # seconds without one after which whoever held it is gone
LOOK = 5.0  # seconds between looks at one that is held


class Lease:
    """The right to write below a prefix; `mine` is a file that holds this data folder's token, made if missing."""

    def __init__(self, store: S3Store, address: str, mine: Path) -> None:
        self._store = store
        self._address = address
        self._mine = mine
        self._version: str | None = None
        self._over = threading.Event()
        self._renewing: threading.Thread | None = None

    def take(self) -> None:
        """Raises Refused where somebody else has it, and what the store raises."""
        self._over.clear()
        try:
            self._version = obstore.put(self._store, NAME, self._said(), mode="create")["e_tag"]
        except AlreadyExistsError:
            self._take_over()
        self._renewing = threading.Thread(target=self._renew, daemon=True)
        self._renewing.start()

    def check(self) -> None:
        """Raises Refused where it was lost meanwhile."""
        if self._version is None:
            raise Refused(f"Another backup into {self._address} has begun meanwhile: this one was given up.")

    def release(self) -> None:
        """Give it back; raises nothing: what cannot be taken away is known by its token, or found old."""
        self._over.set()
        if self._renewing is not None:
            self._renewing.join()
        if self._version is not None:
            try:
                obstore.delete(self._store, NAME)
            except (BaseError, OSError):
                return

    def _take_over(self) -> None:
        try:
            found = obstore.get(self._store, NAME)
        except FileNotFoundError:
            raise self._held("it ended just now") from None
        version, said = found.meta["e_tag"], bytes(found.bytes())
        if _value(said, "token") != self._token():
            self._watch(version, _value(said, "who") or "somebody")
        try:
            self._version = obstore.put(self._store, NAME, self._said(), mode={"e_tag": version})["e_tag"]
        except PreconditionError:
            raise self._held("somebody") from None

    def _watch(self, version: str | None, who: str) -> None:
        give_up = time.monotonic() + GONE
        while time.monotonic() < give_up:
            self._over.wait(LOOK)
            try:
                if obstore.head(self._store, NAME)["e_tag"] != version:
                    raise self._held(who)
            except FileNotFoundError:
                raise self._held(who) from None  # it has just ended; what is there now is not what we have seen

    def _renew(self) -> None:
        while not self._over.wait(RENEWED):
            try:
                self._version = obstore.put(self._store, NAME, self._said(), mode={"e_tag": self._version})["e_tag"]
            except PreconditionError:
                self._version = None
                return
            except (BaseError, OSError):
                continue  # the backup itself says when the store does not answer

    def _held(self, who: str) -> Refused:
        return Refused(f"Another backup into {self._address} is under way ({who}): wait for it.")

    def _said(self) -> bytes:
        """Never the same twice, so that each renewal is seen."""
        value = {"token": self._token(), "who": platform.node(), "renewal": secrets.token_hex(8)}
        return json.dumps(value).encode()

    def _token(self) -> str:
        if not self._mine.exists():
            self._mine.touch(0o600)
            self._mine.write_text(secrets.token_hex(16), encoding="ascii")
        return self._mine.read_text(encoding="ascii")


def _value(said: bytes, name: str) -> str | None:
    try:
        return str(json.loads(said)[name])
    except (ValueError, KeyError, TypeError):
        return None
