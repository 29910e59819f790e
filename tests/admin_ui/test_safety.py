"""Operators are told on their first screen when backups need them; nobody else is."""

from datetime import UTC, datetime, timedelta

import pytest

from appliance.data_folder import DataFolder
from appliance.safekeeping.records import BackedUp, Failed, keep
from tests.admin_ui.desk import Desk
from tests.builders import Appliance
from tests.cast import OLGA

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_failed_backup_stands_on_the_list_of_sites_until_one_is_good(server: Appliance, alice: Desk) -> None:
    folder = DataFolder(server.parts.settings.data)
    now = datetime.now(UTC)
    async with Desk.of(server, OLGA) as olga:
        before = await olga.page("/")
        keep(folder.backup_failed, Failed(now, "No space left on device."))
        warned, system, user = await olga.page("/"), await olga.page("/system"), await alice.page("/")
        keep(folder.backed_up, BackedUp(now + timedelta(seconds=1), "/mnt/b", 5, 500, rehearsed=True))
        after = await olga.page("/")

    for shown in (warned, system):
        assert "failed (No space left on device.)" in shown.text
    for shown in (before, user, after):
        assert "No space left" not in shown.text
