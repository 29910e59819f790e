"""After a restart: is everything there that was answered, and nothing half?"""

import hashlib
import os
import random
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from appliance.data_folder import DataFolder
from tests.appliance.crashes import API, emptied, ended
from tests.builders import Served
from tests.faults.model import PATHS, Contents, Kept, SiteModel
from tests.faults.sender import ALIAS, expiry_of

SAMPLE = 3  # older deploys of a site that are read back after each restart, beside the newest ones
OVER = ("ready", "failed", "superseded", "cancelled", "expired")
PER_PAGE = 100
LATE = 20.0  # seconds after which a deploy should have expired, however busy the machine is
ORPHANS_GO = 30.0  # seconds; a build child looks up when the server's pipe ends, which takes it milliseconds


class Checks:
    """Holds what a restarted server says against the model, which learns what was left open. Findings are sentences.

    With `disk`, the disk failed before the restart: a deploy that was not said to be ready may have failed.
    """

    def __init__(self, server: Served, client: httpx.Client, chance: random.Random, *, disk: bool = False) -> None:
        self.lost: list[str] = []
        self._server = server
        self._client = client
        self._chance = chance
        self._disk = disk

    def check(self, site: SiteModel, *, everything: bool = False) -> None:
        """One site, once its deploys have come to an end; all its deploys are read, or the newest and some others."""
        there = self._deploys(site)
        site.count(facts["number"] for facts in there.values())
        self._learn(site, there)
        self._check_states(site, there)
        self._check_live(site, there)
        kept = site.there()
        chosen = kept if everything else {*kept[-SAMPLE:], *self._chance.sample(kept, min(SAMPLE, len(kept)))}
        for each in chosen:
            got = self._fetched(f"{each.id}--{site.name}")
            if got != each.contents and not self._went(site, each):
                self.lost.append(f"deploy {each.number} of {site.name} is not what was sent, but {_told(got, each)}")
        self._check_alias(site)

    def _went(self, site: SiteModel, kept: Kept) -> bool:
        """Whether a deploy has rightly gone between two looks: its time is over, or the site has too many."""
        if not site.may_be_retired(kept) and (kept.expires is None or time.time() < kept.expires):
            return False
        answer = self._client.get(f"{API}/deploys/{kept.id}")
        return answer.status_code == 404 or answer.json()["state"] == "expired"

    def _deploys(self, site: SiteModel) -> dict[str, dict[str, Any]]:
        """Every deploy the server knows, each at its end: its queue has forgotten none."""
        found: dict[str, dict[str, Any]] = {}
        while items := self._page(site, len(found) // PER_PAGE + 1):
            found |= {facts["id"]: facts for facts in items}
            if len(items) < PER_PAGE:
                break
        under_way = [name for name, facts in found.items() if facts["state"] not in OVER]
        for name in under_way:
            ended(self._client, name)
        return self._deploys(site) if under_way else found

    def _page(self, site: SiteModel, page: int) -> list[dict[str, Any]]:
        query = {"page": page, "per_page": PER_PAGE}
        answer = self._client.get(f"{API}/sites/{site.name}/deploys", params=query).raise_for_status().json()
        items: list[dict[str, Any]] = answer["items"]
        return items

    def _learn(self, site: SiteModel, there: dict[str, dict[str, Any]]) -> None:
        """A deploy that nobody was told of may have been recorded, or not."""
        highest = max((kept.number for kept in site.deploys.values()), default=0)
        for facts in there.values():
            if facts["number"] <= highest or facts["state"] != "ready":
                continue
            if site.asked is None:
                self.lost.append(f"deploy {facts['number']} of {site.name} was never asked for")
                continue
            kept = site.deploys[facts["id"]] = Kept(facts["id"], facts["number"], site.asked, draft=facts["draft"])
            if facts["draft"]:
                kept.expires = expiry_of(facts)
            else:
                site.turn(kept, is_due=True)
        site.asked = None

    def _check_states(self, site: SiteModel, there: dict[str, dict[str, Any]]) -> None:
        for kept in list(site.deploys.values()):
            state, why = _state_of(there.get(kept.id))
            if kept.deleted == "maybe":
                kept.deleted = "no" if kept.id in there else "yes"
            if state == "ready":
                kept.ready = True
                if kept.deleted == "yes":
                    self.lost.append(f"deploy {kept.number} of {site.name} was deleted, and is there")
                if kept.expires is not None and time.time() > kept.expires + LATE:
                    self.lost.append(f"deploy {kept.number} of {site.name} should have expired")
            elif state == "expired" and kept.expires is not None:
                site.drop(kept)
            elif state == "gone" and kept.deleted == "no" and site.may_be_retired(kept):
                kept.deleted = "yes"
            elif kept.deleted == "no":
                if kept.ready or not self._disk:
                    said = "ready" if kept.ready else "accepted"
                    self.lost.append(f"deploy {kept.number} of {site.name} was said to be {said}, and is {state}{why}")
                site.drop(kept)

    def _check_live(self, site: SiteModel, there: dict[str, dict[str, Any]]) -> None:
        name = next((facts["id"] for facts in there.values() if facts["live"]), None)
        live = site.deploys.get(name) if name else None
        if live not in site.may_be_live():
            may = [kept.number for kept in site.may_be_live() if kept]
            self.lost.append(f"{site.name} has deploy {live and live.number} live, where it should be one of {may}")
        if live is not None:
            site.goes_live(live)
            if self._fetched(site.name) != live.contents:
                self.lost.append(f"{site.name} does not show its live deploy {live.number} whole")

    def _check_alias(self, site: SiteModel) -> None:
        answer = self._client.get(f"{API}/sites/{site.name}/aliases").raise_for_status().json()
        found = next((one["deploy"] for one in answer["items"] if one["name"] == ALIAS), None)
        may = {kept.id if kept else None: kept for kept in (site.alias, site.aliasing or site.alias)}
        if found not in may:
            self.lost.append(f"the alias of {site.name} points to {found}, not to {list(may)}")
            return
        site.alias, site.aliasing = may[found], None
        if site.alias is not None and self._fetched(f"{ALIAS}--{site.name}") != site.alias.contents:
            self.lost.append(f"the alias of {site.name} does not show deploy {site.alias.number} whole")

    def _fetched(self, label: str) -> Contents:
        """Every file of what is at this label, by path; a status in place of one that is not given."""
        found = {}
        headers = {"host": f"{label}.localhost:{self._server.port}"}
        for path in PATHS:
            url = f"http://127.0.0.1:{self._server.port}/{'' if path == 'index.html' else path}"
            answer = self._client.get(url, headers=headers)
            found[path] = answer.content if answer.status_code == 200 else str(answer.status_code).encode()
        return found


def _state_of(facts: dict[str, Any] | None) -> tuple[str, str]:
    """A deploy's state, and what its author is told of why it came to nothing."""
    if facts is None:
        return "gone", ""
    return facts["state"], f": {facts['error']['detail']}" if facts["error"] else ""


def _told(got: Contents, kept: Kept) -> str:
    """What was given instead: a status, or how much, of each file that is another."""
    others = {path: body for path, body in got.items() if body != kept.contents[path]}
    return ", ".join(f"{path}: {body.decode() if len(body) == 3 else len(body)}" for path, body in others.items())


def leftovers(folder: DataFolder) -> list[str]:
    """What uploads and work have left behind, once nothing is under way."""
    places = (folder.incoming, folder.work)
    return [f"{place.name}/ holds {[path.name for path in place.iterdir()]}" for place in places if not emptied(place)]


def damaged(folder: DataFolder) -> list[str]:
    """Content and manifests that do not have the bytes their name says, and what a cut-off write has left."""
    stored = [path for root in (folder.blobs, folder.manifests) for path in root.rglob("*") if path.is_file()]
    return [
        f"{path.relative_to(folder.root)} does not have the bytes its name says" for path in stored if _is_bad(path)
    ]


def _is_bad(path: Path) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() != path.name
    except FileNotFoundError:
        return False  # swept meanwhile


def orphans(data: Path, descendants: set[psutil.Process]) -> list[str]:
    """Processes that outlive their server: those it had, and any that names its data folder."""
    give_up = time.monotonic() + ORPHANS_GO
    while True:
        left = [process for process in {*descendants, *_naming(data)} if _is_alive(process)]
        if not left or time.monotonic() > give_up:
            return [f"process {process.pid} outlived its server" for process in left]
        time.sleep(0.05)


def _naming(data: Path) -> set[psutil.Process]:
    needle = str(data)
    return {
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid() and any(needle in word for word in process.info["cmdline"] or ())
    }


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
