"""What holds for every client's routes."""

from pathlib import Path

from appliance import guard
from appliance.clients import CLIENTS, STREAMED
from tests.builders import appliance

OPEN_BY_NAME = {"extensions"}  # Netlify's client asks them without a token; the answer is always an empty list


async def test_every_clients_route_needs_an_account_and_reads_its_body_itself(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", []) as server:
        views = server.running.app.view_functions
        rules = [rule for rule in server.running.app.url_map.iter_rules() if rule.endpoint.startswith("client_")]

        open_ones = {
            rule.endpoint.rpartition(".")[2] for rule in rules if guard.is_open(rule.endpoint, views[rule.endpoint])
        }
        untold = {rule.rule for rule in rules if not hasattr(views[rule.endpoint], "way")}
        held = {
            rule.rule for rule in rules for method in rule.methods or () if not STREAMED.match(f"{method} {rule.rule}")
        }

    assert len(rules) > 5 * len(CLIENTS)
    assert open_ones <= OPEN_BY_NAME
    assert untold == {rule.rule for rule in rules if rule.endpoint.rpartition(".")[2] in OPEN_BY_NAME}
    assert held == untold
