"""A server in a process of its own that Olga has set up, with the rest of the cast, for people with real browsers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.admin_ui.desk import NAVIGATION
from tests.builders import Served, served, zip_of
from tests.cast import OLGA, Person


@dataclass(frozen=True)
class House:
    """The server, and Olga's client of its API."""

    server: Served
    api: httpx.Client

    def admit(self, *people: Person) -> None:
        """Make accounts."""
        for person in people:
            account = {"email": person.email, "role": person.role, "password": person.password}
            self.api.post("/accounts", json=account).raise_for_status()

    def deployed(self, site: str, *versions: dict[str, str], members: Sequence[Person] = ()) -> None:
        """A site with these deploys, the last of them live, and these members."""
        self.api.post("/sites", json={"name": site}).raise_for_status()
        for person in members:
            self.api.put(f"/sites/{site}/members/{person.email}").raise_for_status()
        for files in versions:
            self.deploy(site, files)

    def deploy(self, site: str, files: dict[str, str]) -> dict[str, Any]:
        """One more deploy, once it is finished."""
        kind = {"content-type": "application/zip"}
        answer = self.api.post(f"/sites/{site}/deploys", content=zip_of(files), headers=kind).raise_for_status()
        with self.api.stream("GET", f"/deploys/{answer.json()['id']}/events") as events:
            for _ in events.iter_lines():
                pass  # it ends with the deploy
        facts: dict[str, Any] = self.api.get(f"/deploys/{answer.json()['id']}").raise_for_status().json()
        return facts


@contextmanager
def set_up(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[House]:
    """A server after its first minute."""
    with served(data, environment=environment) as running:
        fields = {"email": OLGA.email, "password": OLGA.password, "again": OLGA.password}
        token = httpx.URL(running.set_up_link or "").params["token"]
        answer = httpx.post(f"{running.url}/setup", data={"token": token, **fields}, headers=NAVIGATION)
        assert answer.status_code == 303
        token = _personal_token(f"{running.url}/api/v1")
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{running.url}/api/v1", headers=headers, timeout=60) as api:
            yield House(running, api)


def _personal_token(api: str) -> str:
    """One that is good for as long as the tests take."""
    who = {"email": OLGA.email, "password": OLGA.password}
    signed = httpx.post(f"{api}/auth/sign-in", json=who).raise_for_status().json()
    headers = {"Authorization": f"Bearer {signed['access_token']}"}
    made = httpx.post(f"{api}/tokens", json={"name": "house"}, headers=headers).raise_for_status()
    return str(made.json()["token"])
