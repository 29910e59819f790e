"""A clock that jumps an hour back and forth costs no deploy, no session and no visitor anything."""

import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tests.appliance.crashes import API, client_of, ended, old_site
from tests.builders import Served, page, served, zip_of
from tests.cast import OLGA
from tests.faults.clocked import COMMAND
from tests.faults.clocks import SetClock
from tests.test_journeys import run

ZIP = {"content-type": "application/zip"}
SWEEPING = {"DROPDOCK_SWEEP_EVERY": "1s", "DROPDOCK_SWEEP_GRACE": "30m"}
JUMPS = (-1.0, 1.0, 0.0)  # hours off the true time, one after another
NEARLY = 600.0  # seconds by which it may be off what was set: the machine is busy


def token_of(data: Path) -> str:
    account = ("account", "create", "--email", OLGA.email, "--role", "operator", "--password-stdin")
    assert run(*account, "--data", str(data), said=OLGA.password).returncode == 0
    return run("token", "create", "--account", OLGA.email, "--name", "clock", "--data", str(data)).stdout.strip()


def deploy(client: httpx.Client, text: str) -> str:
    made = client.post(f"{API}/sites/shop/deploys", content=zip_of({"index.html": page(text)}), headers=ZIP)
    facts = ended(client, made.raise_for_status().json()["id"])
    assert facts["live"], facts
    return str(facts["id"])


def visit(server: Served, label: str = "shop") -> httpx.Response:
    headers = {"host": f"{label}.localhost:{server.port}"}
    return httpx.get(f"http://127.0.0.1:{server.port}/", headers=headers, timeout=30)


def sign_in(browser: httpx.Client) -> None:
    signed = browser.post(f"{API}/auth/sign-in", json={"email": OLGA.email, "password": OLGA.password})
    assert signed.status_code == 200, signed.text


@pytest.mark.long
@pytest.mark.needs("faketime")
def test_a_clock_that_jumps_costs_nobody_anything(tmp_path: Path) -> None:
    data = tmp_path / "data"
    token = token_of(data)
    clock = SetClock(tmp_path / "clock")
    deploys = {}
    with (
        served(data, program=COMMAND, environment=clock.environment | SWEEPING) as server,
        client_of(server, token) as client,
        httpx.Client(base_url=server.url, timeout=30) as browser,
    ):
        old_site(client)
        sign_in(browser)

        for hours in JUMPS:
            clock.jump(hours)

            said = parsedate_to_datetime(visit(server).headers["date"]).timestamp()
            assert abs(said - time.time() - hours * 3600) < NEARLY  # else nothing is tested here
            deploys[deploy(client, f"at {hours}")] = page(f"at {hours}")
            assert visit(server).text == page(f"at {hours}")
            assert browser.get(f"{API}/me").status_code == 200
            with httpx.Client(base_url=server.url, timeout=30) as another:
                sign_in(another)
        assert {name: visit(server, f"{name}--shop").text for name in deploys} == deploys

    clock.jump(-1.0)
    with served(data, program=COMMAND, environment=clock.environment | SWEEPING) as server:
        assert visit(server).text == page("at 0.0")
        assert {name: visit(server, f"{name}--shop").text for name in deploys} == deploys
