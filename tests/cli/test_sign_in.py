"""`sign-in` against a server in a process of its own."""

from pathlib import Path

import httpx
import pytest

from tests.builders import served
from tests.cast import OLGA
from tests.cli.conftest import Run


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logging_as_it_was: None) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def test_the_link_it_prints_leads_into_the_admin(run: Run, data: Path) -> None:
    run("account", "create", "--email", OLGA.email, "--role", "operator", "--data", data)
    with served(data) as server:
        link = run("sign-in", "--data", data).out.strip()
        with httpx.Client(follow_redirects=True) as browser:
            page = browser.get(link)

    assert link.startswith(f"{server.url}/sign-in/link?token=")
    assert (page.status_code, page.url.path) == (200, "/")
    assert OLGA.email in page.text


def test_without_a_server_there_is_nothing_to_sign_in_to(run: Run, data: Path) -> None:
    run("account", "create", "--email", OLGA.email, "--role", "operator", "--data", data)

    outcome = run("sign-in", "--data", data)

    assert outcome.code == 1
    assert outcome.err.strip() == f"No server listens that uses {data}: start it first."
