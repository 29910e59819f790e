"""The settings over the API: what the server runs with, for operators only, and no secret among it."""

import dataclasses
from pathlib import Path

from appliance.settings import Settings
from appliance.units import Size
from tests.builders import appliance
from tests.cast import ADAM, ALICE, OLGA

SECRET = "not to be shown to anybody at all, ever"


async def test_an_operator_sees_every_setting_and_no_secret(tmp_path: Path) -> None:
    async with (
        appliance(tmp_path / "data", (OLGA,), upload_size=Size(3_000_000), secret_key=SECRET) as server,
        server.client(OLGA) as olga,
    ):
        answer = await olga.get("/api/v1/settings")

    assert answer.status_code == 200
    settings = answer.json()["settings"]
    assert (settings["upload_size"], settings["base"]) == ("3MB", "localhost")
    assert set(settings) == {field.name for field in dataclasses.fields(Settings)}
    assert settings["secret_key"] == "(set)"
    assert SECRET not in answer.text


async def test_nobody_else_may_see_them(tmp_path: Path) -> None:
    async with appliance(tmp_path / "data", (OLGA, ADAM, ALICE)) as server:
        statuses = []
        for person in (ADAM, ALICE, None):
            async with server.client(person) as client:
                statuses.append((await client.get("/api/v1/settings")).status_code)

    assert statuses == [403, 403, 401]
