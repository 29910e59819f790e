"""A server killed between two steps of publishing: before the commit the old site is live, after it the new one."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.appliance.crashes import API, begin, client_of, ended, old_site, send, shown
from tests.builders import Served, page, served, zip_of
from tests.faults.program import arm, command
from tests.fresh import lay_operator

BEFORE_COMMIT = "publish.commit"  # in its transaction
AFTER_COMMIT = "publish.swap"


@pytest.fixture
def token(tmp_path: Path) -> str:
    return lay_operator(tmp_path / "data")


@contextlib.contextmanager
def armed(tmp_path: Path, step: str) -> Iterator[tuple[Served, Path]]:
    """A server that ends at this step once it is told to."""
    when = tmp_path / "now"
    with served(tmp_path / "data", program=command(step, "kill", when)) as server:
        yield server, when


def made_at_the_kill(client: httpx.Client, way: str) -> str:
    """Begin the deploy whose publishing the server does not survive; its id."""
    if way == "listed":
        opened = begin(client)
        send(client, opened["missing"])
        client.post(f"{API}/listings/{opened['id']}/finish").raise_for_status()
        return str(opened["id"])
    made = client.post(
        f"{API}/sites/shop/deploys",
        content=zip_of({"index.html": page("new")}),
        headers={"content-type": "application/zip"},
    )
    return str(made.raise_for_status().json()["id"])


@pytest.mark.parametrize("way", ["listed", pytest.param("archive", marks=pytest.mark.long)])
def test_what_was_committed_and_not_swapped_in_is_live_after_the_restart(tmp_path: Path, token: str, way: str) -> None:
    with armed(tmp_path, AFTER_COMMIT) as (server, when), client_of(server, token) as client:
        old_site(client)
        arm(when)
        deploy = made_at_the_kill(client, way)
        server.process.wait(60)

    with served(tmp_path / "data") as server, client_of(server, token) as client:
        assert shown(server) == page("new")
        facts = client.get(f"{API}/deploys/{deploy}").json()
        assert (facts["state"], facts["live"]) == ("ready", True)


def test_what_was_not_committed_leaves_the_old_site_and_is_made_after_the_restart(tmp_path: Path, token: str) -> None:
    with armed(tmp_path, BEFORE_COMMIT) as (server, when), client_of(server, token) as client:
        old_site(client)
        arm(when)
        deploy = made_at_the_kill(client, "listed")
        server.process.wait(60)

    with served(tmp_path / "data") as server, client_of(server, token) as client:
        assert shown(server) in {page("old"), page("new")}  # it is taken up at once
        assert ended(client, deploy)["live"]
        assert shown(server) == page("new")


@pytest.mark.parametrize(
    ("step", "live"), [pytest.param(BEFORE_COMMIT, "new", marks=pytest.mark.long), (AFTER_COMMIT, "old")]
)
def test_a_rollback_is_done_or_not_but_never_half(tmp_path: Path, token: str, step: str, live: str) -> None:
    with armed(tmp_path, step) as (server, when), client_of(server, token) as client:
        old_site(client)
        assert ended(client, made_at_the_kill(client, "archive"))["live"]
        arm(when)
        with pytest.raises(httpx.TransportError):
            client.post(f"{API}/sites/shop/rollback")
        server.process.wait(60)

    with served(tmp_path / "data") as server, client_of(server, token) as client:
        assert shown(server) == page(live)
        assert client.post(f"{API}/sites/shop/rollback").is_success is (live == "new")
