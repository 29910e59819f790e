"""A server that is killed while a listed deploy is made leaves the old site live, and the retry succeeds."""

from pathlib import Path

import pytest

from appliance.data_folder import DataFolder
from tests.appliance.crashes import API, begin, client_of, emptied, ended, old_site, send, shown
from tests.builders import page, served
from tests.fresh import lay_operator

RARER = ("begun", "sent", "finished")  # steps at which less is half done


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def token(data: Path) -> str:
    """A token of an operator, made before the server starts."""
    return lay_operator(data)


@pytest.mark.parametrize(
    "step", ["half sent", "finishing", *(pytest.param(step, marks=pytest.mark.long) for step in RARER)]
)
def test_a_kill_leaves_the_old_site_and_the_retry_makes_the_new_one(data: Path, token: str, step: str) -> None:
    with served(data) as server, client_of(server, token) as client:
        old_site(client)
        opened = begin(client)
        if step != "begun":
            send(client, opened["missing"][:1] if step == "half sent" else opened["missing"])
        if step == "finished":
            client.post(f"{API}/listings/{opened['id']}/finish").raise_for_status()
        if step == "finishing":  # killed between the listing's file and the row that says so
            DataFolder(data).listed(opened["id"]).write_text('{"account": 1, "exact": true, "files": []}')
        server.kill()

    with served(data) as server, client_of(server, token) as client:
        assert shown(server) in ({page("old"), page("new")} if step == "finished" else {page("old")})
        if step != "finished":
            left = client.get(f"{API}/listings/{opened['id']}").raise_for_status().json()["missing"]
            assert len(left) == {"begun": 2, "half sent": 1, "sent": 0, "finishing": 0}[step]
            send(client, left)
        client.post(f"{API}/listings/{opened['id']}/finish").raise_for_status()

        facts = ended(client, opened["id"])

        assert (facts["live"], facts["files"], facts["number"]) == (True, 3, 2)
        assert shown(server) == page("new")
        assert client.get(f"{API}/listings/{opened['id']}").status_code == 404
        assert emptied(DataFolder(data).incoming)
