"""First run: the set-up link makes the first account, once."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.admin_ui.desk import NAVIGATION, Page
from tests.builders import Served, served

OLGA = {"email": "olga@example.org", "password": "olga keeps it running", "again": "olga keeps it running"}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A server that nobody has an account on, in a process of its own."""
    with served(tmp_path / "data") as server:
        yield server


@pytest.fixture
def browser(fresh: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fresh.url, headers=NAVIGATION, timeout=30) as client:
        yield client


def token_of(server: Served) -> str:
    assert server.set_up_link is not None
    return httpx.URL(server.set_up_link).params["token"]


def test_the_link_makes_the_operator_and_signs_in(fresh: Served, browser: httpx.Client) -> None:
    form = Page(browser.get(fresh.set_up_link or "").text).forms[0]

    answer = browser.post(form.action, data={**form.fields, **OLGA})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "olga@example.org" in browser.get("/").text
    assert browser.get("/people").status_code == 200
    assert browser.get("/setup").headers["location"] == "/sign-in"
    again = browser.post("/setup", data={**form.fields, **OLGA, "email": "eve@example.org"})
    assert again.headers["location"] == "/sign-in"


def test_without_the_link_every_page_says_where_it_is(browser: httpx.Client) -> None:
    for path in ("/", "/sites/blog", "/sign-in", "/help"):
        assert browser.get(path).headers["location"] == "/setup"

    assert "printed in the terminal" in browser.get("/setup").text


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"token": "guessed"}, 403, "not the current one"),
        ({"again": "something else"}, 422, "differ"),
        ({"password": "short", "again": "short"}, 422, "too short"),
        ({"email": "nobody"}, 422, "not an e-mail address"),
    ],
)
def test_a_refusal_keeps_the_form_and_the_link(
    fresh: Served, browser: httpx.Client, changes: dict[str, str], status: int, said: str
) -> None:
    sent = {"token": token_of(fresh), **OLGA, **changes}

    answer = browser.post("/setup", data=sent)

    assert answer.status_code == status
    assert said in answer.text
    assert Page(answer.text).forms[0].fields["email"] == sent["email"]
    assert browser.post("/setup", data={"token": token_of(fresh), **OLGA}).headers["location"] == "/"
