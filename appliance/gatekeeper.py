"""Looks at the passwords visitors bring to a gate: the slow proofs, which the lanes only remember."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl

from appliance.access import Access
from appliance.addresses import Addresses, SiteHost
from appliance.errors import Busy
from appliance.gate_attempts import Attempts
from appliance.live import LiveSites
from appliance.passwords import LONGEST, Passwords
from appliance.serving.engine import Request
from appliance.serving.entrance import Entrance
from appliance.serving.entrances import Entrances
from appliance.serving.release import Release, compile_release
from appliance.serving.replies import Reply
from appliance.serving.sign_in_pages import Said
from appliance.serving.slow_lane import Receive, Scope
from appliance.serving.unlock import UNLOCK, Gate, read_next, see_other
from appliance.storage.manifest import Manifest

FORM_SIZE = 16 * 1024  # bytes; a password, and the longest path that is sensibly gone on to
FORM_SECONDS = 10.0
BUSY_SECONDS = 5  # to wait when too many sign in at once


def is_form(scope: Scope) -> bool:
    """Whether a request brings the sign-in page's form."""
    return bool(scope["method"] == "POST" and scope["raw_path"] == UNLOCK)


class Gatekeeper:
    """Proves passwords for gates and locks, within what `attempts` allows.

    `read` tells what a host name means, and `is_site` whether there is such a site.
    """

    def __init__(
        self,
        passwords: Passwords,
        entrances: Entrances,
        attempts: Attempts,
        *,
        read: Callable[[str], SiteHost | None],
        is_site: Callable[[str], bool],
    ) -> None:
        self._passwords = passwords
        self._entrances = entrances
        self._attempts = attempts
        self._read = read
        self._is_site = is_site

    @classmethod
    def of(cls, access: Access, addresses: Addresses, live: LiveSites) -> "Gatekeeper":
        """For the sites that visitors get, with as many tries as the operator allows."""
        settings = access.settings
        attempts = Attempts(
            per_address=settings.gate_attempts, per_site=settings.gate_site_attempts, window=settings.gate_window
        )
        return cls(access.passwords, live.entrances, attempts, read=addresses.read, is_site=live.is_live)

    def front(self, host: str) -> Release | None:
        """What stands at a host of a gated site before anything is loaded: its entrance with nothing behind.

        The same whether or not there is such a deploy, so that asking does not tell.
        """
        named = self._read(host)
        if named is None or (self._entrances.force and not self._is_site(named.site)):
            return None
        if self._entrances.gate(named.site, preview=named.deploy is not None) is None:
            return None
        bare = compile_release(
            site=named.site, deploy="", preview=named.deploy is not None, manifest=Manifest(), blob_path=Path
        )
        return self._entrances.before(bare)

    async def check(self, release: Release, request: Request, address: str) -> Reply | None:
        """Prove the password a request brings along, if that is still to be done; an answer when it cannot be now."""
        entrance = release.entrance
        question = entrance.question(request.target, request.context) if entrance is not None else None
        if entrance is None or question is None:
            return None
        seconds = self._attempts.count(release.site, address)
        if seconds:
            return _not_now(entrance, release.site, 429, seconds)
        try:
            right = await self._is_one_of(question.hashes, question.password)
        except Busy:
            return _not_now(entrance, release.site, 503, BUSY_SECONDS)
        if right:
            entrance.proofs.add(question.against, question.token)
            self._attempts.forgive(release.site, address)
        return None

    async def unlock(self, release: Release, receive: Receive, address: str, *, secure: bool = False) -> Reply:
        """Answer the sign-in page's form, which is the body of the request."""
        form = await _read_form(receive)
        to = read_next(form.get("next", "/").encode("utf-8", "replace"))
        gate = release.entrance.gate if release.entrance is not None else None
        if gate is None:
            return see_other(to)
        seconds = self._attempts.count(release.site, address)
        if seconds:
            return _wait(gate, 429, seconds, to)
        try:
            right = await self._is_one_of((gate.password,) if gate.password else (), form.get("password", ""))
        except Busy:
            return _wait(gate, 503, BUSY_SECONDS, to)
        if not right:
            return gate.page(403, Said.WRONG, to)
        self._attempts.forgive(release.site, address)
        return gate.enter_by_password(to, secure=secure)

    async def _is_one_of(self, hashes: tuple[str, ...], password: str) -> bool:
        """Whether the password was hashed to one of these; takes its time also when there are none."""
        if len(password) > LONGEST:
            return False
        for hashed in hashes or (None,):
            if await self._passwords.prove(hashed, password):
                return True
        return False


def _not_now(entrance: Entrance, site: str, status: int, seconds: int) -> Reply:
    gate = entrance.gate or Gate(site, "", b"", entrance.proofs)
    return _wait(gate, status, seconds, "/")


def _wait(gate: Gate, status: int, seconds: int, to: str) -> Reply:
    said = Said.WAIT if status == 429 else Said.BUSY
    return gate.page(status, said, to, (b"retry-after", b"%d" % seconds))


async def _read_form(receive: Receive) -> dict[str, str]:
    """The fields of a posted form; none when it is too long, too slow or no form."""
    body, more = b"", True
    try:
        async with asyncio.timeout(FORM_SECONDS):
            while more and len(body) <= FORM_SIZE:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        more = True
    return {} if more else dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
