"""Somebody who deploys, rolls back, publishes, patches, deletes and moves an alias, one thing after another."""

import hashlib
import random
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx

from tests.appliance.crashes import API, BYTES, ended
from tests.builders import zip_of
from tests.faults.model import Contents, Kept, SiteModel

KEEPS = 6  # deploys of a site; from then on some are deleted
ALIAS = "staging"
LIFE = 1  # seconds, the shortest there is
LEADING_TO = {
    "listed": "patch",
    "rollback": "roll_back",
    "alias": "move_alias",
    "delete": "delete",
    "expire": "deploy_for_a_while",
}
"""Which step comes past points of these names; a deploy comes past most others."""


def expiry_of(facts: dict[str, Any]) -> float:
    """When the server will let a deploy's time be over: it has counted since before it answered."""
    return datetime.fromisoformat(facts["expires_at"]).timestamp()


class Sender:
    """Sends to one site and writes down each answer. A failed answer leaves its outcome open, as a kill does."""

    def __init__(self, site: SiteModel, client: httpx.Client, seed: int) -> None:
        self.site = site
        self.done = 0
        self.refused: list[str] = []
        """What was answered with an error: what a fault of the disk leads to."""
        self.wrong: list[str] = []
        """Answers that contradict those before."""
        self._client = client
        self._chance = random.Random(seed)

    def send(self, until: threading.Event, point: str | None = None) -> None:
        """Go on until told to stop, the server is gone, or an answer leaves something open; mostly what leads to the
        point.
        """
        steps = self._steps(point)
        while not until.is_set():
            try:
                self._chance.choice(steps)()
            except httpx.TransportError:
                return
            except httpx.HTTPStatusError as error:
                self.refused.append(f"{error.response.status_code} {error.response.text[:300]}")
                return
            except AssertionError as error:
                self.wrong.append(str(error))
                return
            self.done += 1

    def _steps(self, point: str | None) -> list[Callable[[], None]]:
        steps = [self.deploy, self.deploy, self.patch, self.roll_back, self.publish, self.delete, self.move_alias]
        steps.append(self.deploy_for_a_while)
        if point is not None:
            leading: Callable[[], None] = getattr(self, LEADING_TO.get(point.partition(".")[0], "deploy"))
            steps += [leading] * len(steps)
        return steps

    def deploy(self) -> None:
        """A whole version, as a ZIP."""
        contents = self.site.asked = self.site.version(self._chance)
        body = zip_of({path: bytes(content) for path, content in contents.items()})
        headers = {"content-type": "application/zip"}
        self._follow(self._post(f"sites/{self.site.name}/deploys", content=body, headers=headers), contents)

    def deploy_for_a_while(self) -> None:
        """A draft whose time is over soon."""
        contents = self.site.asked = self.site.version(self._chance)
        body = zip_of({path: bytes(content) for path, content in contents.items()})
        asked = {"headers": {"content-type": "application/zip"}, "params": {"draft": "true", "expires": f"{LIFE}s"}}
        facts = self._post(f"sites/{self.site.name}/deploys", content=body, **asked)
        kept = Kept(facts["id"], facts["number"], contents, draft=True, expires=expiry_of(facts))
        self.site.deploys[kept.id], self.site.asked = kept, None
        if ended(self._client, kept.id)["state"] == "failed":
            self.site.drop(kept)
        kept.ready = True

    def patch(self) -> None:
        """A version in which two files are other than in the live one: only they are sent."""
        if self.site.live is None:
            return
        new = self.site.version(self._chance)
        changed = {path: new[path] for path in ("index.html", "data/large.txt")}
        contents = self.site.known(self.site.live.contents | changed)
        files = [[path, hashlib.sha256(body).hexdigest(), len(body)] for path, body in changed.items()]
        listing = {"files": files, "base": self.site.live.id}
        opened = self._post(f"sites/{self.site.name}/listings", json=listing)
        for body in changed.values():
            sha256 = hashlib.sha256(body).hexdigest()
            self._client.put(f"{API}/contents/{sha256}", content=body, headers=BYTES).raise_for_status()
        self.site.asked = contents
        self._follow(self._post(f"listings/{opened['id']}/finish"), contents)

    def roll_back(self) -> None:
        """Back to what was live before."""
        target = self.site.earlier()
        if target is not None:
            self._turn(target, "rollback", {})

    def publish(self) -> None:
        """Any deploy that is ready."""
        ready = [kept for kept in self.site.there() if kept.ready and kept.expires is None]
        if ready:
            target = self._chance.choice(ready)
            self._turn(target, "publish", {"json": {"deploy": target.id}})

    def delete(self) -> None:
        """One that nothing points to, once there are many."""
        pointed = {self.site.live, self.site.alias}
        free = [kept for kept in self.site.there() if kept.ready and kept not in pointed and kept.expires is None]
        if len(free) > KEEPS:
            gone = self._chance.choice(free)
            gone.deleted = "maybe"
            self._client.delete(f"{API}/deploys/{gone.id}").raise_for_status()
            gone.deleted = "yes"

    def move_alias(self) -> None:
        """To the newest."""
        ready = [kept for kept in self.site.there() if kept.ready and kept.expires is None]
        if ready:
            self.site.aliasing = ready[-1]
            target = {"deploy": ready[-1].id}
            self._client.put(f"{API}/sites/{self.site.name}/aliases/{ALIAS}", json=target).raise_for_status()
            self.site.alias, self.site.aliasing = ready[-1], None

    def _turn(self, target: Kept, verb: str, options: dict[str, Any]) -> None:
        self.site.turn(target, is_due=False)
        facts = self._post(f"sites/{self.site.name}/{verb}", **options)
        assert facts["id"] == target.id, f"{verb} of {self.site.name} led to {facts['number']}, not {target.number}"
        self.site.goes_live(target)

    def _follow(self, facts: dict[str, Any], contents: Contents) -> None:
        kept = self.site.deploys[facts["id"]] = Kept(facts["id"], facts["number"], contents)
        self.site.asked = None
        self.site.turn(kept, is_due=True)
        facts = ended(self._client, kept.id)
        if facts["state"] != "ready":
            self.site.drop(kept)
            self.refused.append(f"deploy failed: {facts['error']}")
            return
        assert facts["live"], f"deploy {kept.number} of {self.site.name} is ready and not live: {facts['problems']}"
        kept.ready = True
        self.site.goes_live(kept)

    def _post(self, path: str, **options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.post(f"{API}/{path}", **options).raise_for_status().json()
        return answer
