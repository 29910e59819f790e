"""A person in front of the admin: asks for pages as a browser does, sends forms with what is in them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.builders import Appliance, deployed, zip_of
from tests.cast import Person

NAVIGATION = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Site": "same-origin"}


@dataclass
class Form:
    """A form as it stands in a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """What a test wants to know of a page: forms, links, tags with attributes, and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.tags.append((tag, known))
        if tag == "form":
            self.forms.append(Form(known["action"], known["method"]))
        if tag == "input" and "name" in known and self.forms:
            self.forms[-1].fields[known["name"]] = known.get("value", "")

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        return [known["href"] for tag, known in self.tags if tag == "a"]


@dataclass
class Desk:
    """One person's browser, without scripts."""

    server: Appliance
    client: httpx.AsyncClient
    person: Person | None = None

    @classmethod
    @asynccontextmanager
    async def of(cls, server: Appliance, person: Person | None) -> AsyncIterator["Desk"]:
        """Somebody who has signed in, or has not."""
        base = f"http://localhost:{server.port}"
        async with httpx.AsyncClient(base_url=base, headers=NAVIGATION, timeout=30) as client:
            desk = cls(server, client, person)
            if person:
                answer = await desk.send("/sign-in", email=person.email, password=person.password)
                assert answer.status_code == 303
            yield desk

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)

    async def page(self, path: str) -> Page:
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return Page(answer.text)

    async def csrf(self) -> str:
        """The token in this person's forms."""
        return Page((await self.get("/help")).text).forms[0].fields["csrf"]

    async def send(self, path: str, **fields: str) -> httpx.Response:
        """Post fields as a form without a CSRF token."""
        return await self.client.post(path, data=fields)

    async def submit(self, path: str, **fields: str) -> httpx.Response:
        """Post a form with the token that is in this person's pages."""
        return await self.send(path, csrf=await self.csrf(), **fields)

    async def deploy(self, site: str, files: dict[str, str], **query: str) -> dict[str, Any]:
        """Have a deploy of one's own, by the API."""
        async with self.server.client(self.person) as api:
            return await deployed(api, site, zip_of(files), **query)
