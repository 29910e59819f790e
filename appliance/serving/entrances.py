"""Which sites have a gate, and the entrance that each of their releases gets from it."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from appliance.serving.entrance import Entrance
from appliance.serving.release import Release
from appliance.serving.unlock import Gate, Proofs

Covers = Literal["nothing", "previews", "everything"]
"""Which addresses of a site its gate stands before."""


class Entrances:
    """The gates by site. Used on the event loop only.

    `key` signs sessions and links. `force` puts a gate before every site: its own, whatever that covers, or one that
    nothing opens. `session` is in seconds; `secure` says that all visitors come over TLS. `proofs_key` is another
    process's, when both are to tell the same credentials apart.
    """

    def __init__(
        self,
        *,
        key: bytes = b"",
        session: int = 3600,
        secure: bool = False,
        force: bool = False,
        proofs_key: bytes = b"",
    ) -> None:
        self.proofs = Proofs(proofs_key or secrets.token_bytes(32))
        self.force = force
        self._key = key or secrets.token_bytes(32)
        self._session = session
        self._secure = secure
        self._gates: dict[str, tuple[Covers, Gate]] = {}

    def make(self, site: str, version: str, password: str | None, shares: Mapping[str, int], bypass: bytes) -> Gate:
        """A gate with this installation's key and customs."""
        return Gate(
            site=site,
            version=version,
            key=self._key,
            proofs=self.proofs,
            password=password,
            shares=shares,
            bypass=bypass,
            session=self._session,
            secure=self._secure,
        )

    def put(self, covers: Covers, gate: Gate) -> None:
        """Give a site a gate, in place of the one it had."""
        self._gates[gate.site] = (covers, gate)

    def drop(self, site: str) -> None:
        """Forget a site's gate; no error when it has none."""
        self._gates.pop(site, None)

    def own(self, site: str) -> tuple[Covers, Gate] | None:
        """The gate a site has of its own, and what it covers."""
        return self._gates.get(site)

    def gate(self, site: str, *, preview: bool) -> Gate | None:
        """What stands before a site's live deploy, or before its previews."""
        covers, gate = self._gates.get(site) or ("nothing", None)
        if self.force:
            return gate or self.make(site, "", None, {}, b"")
        return gate if covers == "everything" or (covers == "previews" and preview) else None

    def before(self, release: Release) -> Release:
        """The same release behind the entrance it has to have now."""
        gate = self.gate(release.site, preview=release.preview)
        is_open = gate is None and not release.locks
        return replace(release, entrance=None if is_open else Entrance(gate, release.locks, self.proofs))
