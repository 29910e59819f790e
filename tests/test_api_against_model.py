"""Whatever people do to a site, in whatever order: the API, the pages and a plain model of them agree each time."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.appliance.crashes import API, client_of, ended
from tests.builders import Served, page, served, zip_of
from tests.faults.campaign import operator

ZIP = {"content-type": "application/zip"}
ALIASES = st.sampled_from(["staging", "next"])
PICK = st.integers(0, 50)  # which of the deploys there are, counted round


@dataclass
class Version:
    """A deploy, as far as people can tell."""

    id: str
    number: int
    text: str
    was_live: bool = False


@dataclass
class Model:
    """A site, as far as people can tell."""

    deploys: dict[int, Version] = field(default_factory=dict)
    live: int | None = None
    aliases: dict[str, int] = field(default_factory=dict)
    is_locked: bool = False

    def earlier(self) -> Version | None:
        """What a rollback leads to."""
        older = [one for one in self.deploys.values() if one.was_live and self.live and one.number < self.live]
        return max(older, key=lambda one: one.number, default=None)

    def turn(self, version: Version) -> None:
        """It goes live."""
        self.live, version.was_live = version.number, True


class Site(RuleBasedStateMachine):
    """One site of a running server, from its beginning on."""

    server: Served
    client: httpx.Client
    names = itertools.count()

    def __init__(self) -> None:
        super().__init__()
        self.name = f"site{next(self.names)}"
        self.texts = itertools.count()
        self.model = Model()
        self.client.post(f"{API}/sites", json={"name": self.name}).raise_for_status()

    @rule(draft=st.booleans())
    def deploy(self, draft: bool) -> None:
        text = page(f"{self.name} {next(self.texts)}")
        self._deployed({"draft": str(draft).lower()}, text, goes_live=not draft and not self.model.is_locked)

    @rule(alias=ALIASES)
    def deploy_to_alias(self, alias: str) -> None:
        text = page(f"{self.name} {next(self.texts)}")
        self.model.aliases[alias] = self._deployed({"alias": alias}, text, goes_live=False).number

    @precondition(lambda self: self.model.deploys)
    @rule(pick=PICK)
    def publish(self, pick: int) -> None:
        version = self._picked(pick)
        answer = self._post("publish", json={"deploy": version.id})
        if self._is_allowed(answer, not self.model.is_locked):
            self.model.turn(version)

    @rule()
    def roll_back(self) -> None:
        target = self.model.earlier()
        answer = self._post("rollback")
        if self._is_allowed(answer, target is not None and not self.model.is_locked):
            assert target is not None
            assert answer.json()["number"] == target.number
            self.model.turn(target)

    @precondition(lambda self: self.model.deploys)
    @rule(pick=PICK)
    def delete(self, pick: int) -> None:
        version = self._picked(pick)
        is_free = version.number not in {self.model.live, *self.model.aliases.values()} and not self.model.is_locked
        if self._is_allowed(self.client.delete(f"{API}/deploys/{version.id}"), is_free):
            del self.model.deploys[version.number]

    @precondition(lambda self: self.model.deploys)
    @rule(pick=PICK, alias=ALIASES)
    def point(self, pick: int, alias: str) -> None:
        version = self._picked(pick)
        self.client.put(f"{self._site}/aliases/{alias}", json={"deploy": version.id}).raise_for_status()
        self.model.aliases[alias] = version.number

    @rule(alias=ALIASES)
    def unpoint(self, alias: str) -> None:
        answer = self.client.delete(f"{self._site}/aliases/{alias}")
        assert answer.status_code == (204 if self.model.aliases.pop(alias, None) else 404)

    @rule()
    def lock(self) -> None:
        answer = self.client.put(f"{self._site}/lock", json={"reason": "a freeze"})
        if self._is_allowed(answer, not self.model.is_locked):
            self.model.is_locked = True

    @rule()
    def unlock(self) -> None:
        self.client.delete(f"{self._site}/lock").raise_for_status()
        self.model.is_locked = False

    @invariant()
    def the_api_says_what_the_model_says(self) -> None:
        listed = self.client.get(f"{self._site}/deploys", params={"per_page": 100}).raise_for_status().json()["items"]
        aliases = self.client.get(f"{self._site}/aliases").raise_for_status().json()["items"]

        assert [one["number"] for one in listed] == sorted(self.model.deploys, reverse=True)
        assert [one["number"] for one in listed if one["live"]] == ([self.model.live] if self.model.live else [])
        pointed = {alias: self.model.deploys[number].id for alias, number in self.model.aliases.items()}
        assert {one["name"]: one["deploy"] for one in aliases} == pointed

    @invariant()
    def visitors_get_what_the_model_says(self) -> None:
        live = self.model.deploys.get(self.model.live or 0)
        assert self._shown(self.name) == (live.text if live else None)
        for alias in ("staging", "next"):
            version = self.model.deploys.get(self.model.aliases.get(alias, 0))
            assert self._shown(f"{alias}--{self.name}") == (version.text if version else None)
        for version in list(self.model.deploys.values())[-3:]:
            assert self._shown(f"{version.id}--{self.name}") == version.text

    @property
    def _site(self) -> str:
        return f"{API}/sites/{self.name}"

    def _picked(self, pick: int) -> Version:
        return list(self.model.deploys.values())[pick % len(self.model.deploys)]

    def _post(self, verb: str, **sent: Any) -> httpx.Response:
        return self.client.post(f"{self._site}/{verb}", **sent)

    def _is_allowed(self, answer: httpx.Response, allowed: bool) -> bool:
        """Whether it was done, as it had to be or must not."""
        assert answer.is_success is allowed, (answer.status_code, answer.text, self.model)
        assert allowed or answer.status_code == 409
        return allowed

    def _deployed(self, query: dict[str, str], text: str, *, goes_live: bool) -> Version:
        body = zip_of({"index.html": text})
        made = self.client.post(f"{self._site}/deploys", params=query, content=body, headers=ZIP)
        facts = ended(self.client, made.raise_for_status().json()["id"])
        assert (facts["state"], facts["live"]) == ("ready", goes_live), facts
        version = self.model.deploys[facts["number"]] = Version(facts["id"], facts["number"], text)
        if goes_live:
            self.model.turn(version)
        return version

    def _shown(self, label: str) -> str | None:
        """What a visitor of this label gets; None where there is nothing."""
        url, port = f"http://127.0.0.1:{self.server.port}/", self.server.port
        answer = self.client.get(url, headers={"host": f"{label}.localhost:{port}"})
        assert answer.status_code in {200, 404}
        return answer.text if answer.status_code == 200 else None


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[type[Site]]:
    """The machine, on a server of its own."""
    data: Path = tmp_path_factory.mktemp("model") / "data"
    token = operator(data)
    with served(data) as server, client_of(server, token) as client:

        class OfThisServer(Site):
            pass

        OfThisServer.server, OfThisServer.client = server, client
        yield OfThisServer


@pytest.mark.parametrize(("examples", "steps"), [(4, 15), pytest.param(60, 40, marks=pytest.mark.long)])
def test_the_api_and_its_model_agree_whatever_is_done(machine: type[Site], examples: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
