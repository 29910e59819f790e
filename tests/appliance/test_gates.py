"""Gates over starts of the server, and how their passwords may be tried."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance import gate_attempts
from appliance.gate_attempts import Attempts
from tests.builders import Appliance, appliance, deployed, zip_of
from tests.cast import OLGA

PASSWORD = "open sesame please"


async def site(client: httpx.AsyncClient, name: str) -> None:
    await deployed(client, name, zip_of({"index.html": f"page of {name}"}))


async def closed(client: httpx.AsyncClient, name: str, **change: Any) -> None:
    (await client.patch(f"/api/v1/sites/{name}/gate", json=change)).raise_for_status()


async def status(server: Appliance, host: str, path: str = "/", **options: Any) -> int:
    return (await server.fetch(f"{host}.localhost", path, **options)).status_code


async def signed_in(server: Appliance, name: str) -> dict[str, str]:
    """A visitor's cookie, got by the form."""
    url, headers = f"http://127.0.0.1:{server.port}/.dropdock/unlock", {"host": f"{name}.localhost"}
    async with httpx.AsyncClient() as visitor:
        answer = await visitor.post(url, data={"password": PASSWORD}, headers=headers)
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


async def test_gates_are_there_after_a_start_and_the_operator_may_gate_everything(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    async with appliance(data, (OLGA,)) as first, first.client(OLGA) as client:
        for name in ("own", "none"):
            await site(client, name)
        await closed(client, "own", password=PASSWORD)
        link = (await client.post("/api/v1/sites/own/gate/links", json={})).json()["url"]
        cookie = await signed_in(first, "own")

    async with appliance(data, (), before=first) as second:
        asked = [await status(second, "own"), await status(second, "own", headers=cookie), await status(second, "none")]
        by_link = await status(second, "own", "/." + link.partition("/.")[2])
    async with appliance(data, (), before=first, force_gate=True) as third:
        forced = [await status(third, name) for name in ("own", "none", "never-made")]
        with_password = await status(third, "own", auth=("x", PASSWORD))
        async with third.client(OLGA) as client:
            facts = (await client.get("/api/v1/sites/none/gate")).json()

    assert asked == [401, 200, 200]
    assert by_link == 303
    assert forced == [401, 401, 404]
    assert with_password == 200
    assert (facts["covers"], facts["forced"]) == ("nothing", True)


# ── tries


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def attempts(time: Time, per_address: int = 2, per_site: int = 5) -> Attempts:
    return Attempts(per_address=per_address, per_site=per_site, window=60, now=time)


def test_tries_are_counted_by_address_and_end_with_their_window() -> None:
    time = Time()
    counted = attempts(time)

    assert [counted.count("s", "192.0.2.1") for _ in range(3)] == [0, 0, 60]
    assert counted.count("s", "192.0.2.2") == 0
    assert counted.count("other", "192.0.2.1") == 0
    time.now = 59.5
    assert counted.count("s", "192.0.2.1") == 1
    time.now = 60.0
    assert counted.count("s", "192.0.2.1") == 0


def test_many_addresses_together_meet_the_site_s_limit() -> None:
    counted = attempts(Time())

    waits = [counted.count("s", f"192.0.2.{number}") for number in range(7)]

    assert waits == [0, 0, 0, 0, 0, 60, 60]
    assert counted.count("other", "192.0.2.1") == 0


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("2001:db8::1", "2001:db8::ffff:2"),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ("fe80::1%eth0", "fe80::2"),
        ("", ""),
    ],
)
def test_one_customer_s_addresses_are_counted_as_one(one: str, another: str) -> None:
    counted = attempts(Time())

    assert [counted.count("s", address) for address in (one, another, one)] == [0, 0, 60]


def test_mapped_addresses_of_two_visitors_are_two() -> None:
    counted = attempts(Time(), per_address=1)

    assert [counted.count("s", f"::ffff:192.0.2.{number}") for number in (1, 2)] == [0, 0]


def test_a_right_password_takes_its_tries_back() -> None:
    counted = attempts(Time(), per_site=3)
    for _ in range(9):
        assert counted.count("s", "192.0.2.1") == 0
        counted.forgive("s", "192.0.2.1")
    counted.forgive("never counted", "192.0.2.1")

    assert counted.count("s", "192.0.2.1") == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_attempts, "MOST", 10)
    counted = attempts(Time(), per_site=10_000)

    for number in range(100):
        counted.count("s", f"192.0.2.{number}")

    assert len(counted._addresses._counts) == 10
