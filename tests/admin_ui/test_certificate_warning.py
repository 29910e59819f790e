"""What operators see of a certificate that ends soon."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import admin_ui
from appliance.units import Address
from tests.admin_ui.desk import Desk
from tests.authority import authority
from tests.builders import Appliance, appliance
from tests.cast import ALICE, OLGA

SOON = datetime.now(UTC) + timedelta(days=3)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Appliance]:
    issued = authority().issue_cert("localhost", not_after=SOON)
    file = tmp_path / "site.pem"
    file.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    secure = Address("127.0.0.1", 0)
    data, people = tmp_path / "data", (OLGA, ALICE)
    async with appliance(
        data, people, admin=admin_ui.blueprints, listen_tls=secure, tls_certificate=str(file)
    ) as running:
        yield running


async def test_operators_are_warned_on_their_sites_and_the_system_and_others_are_not(
    server: Appliance, tmp_path: Path
) -> None:
    async with Desk.of(server, OLGA) as olga, Desk.of(server, ALICE) as alice:
        system, sites, others = await olga.page("/system"), await olga.page("/"), await alice.page("/")

    said = f"The certificate {tmp_path / 'site.pem'} ends on {SOON:%Y-%m-%d %H:%M} UTC: renew it."
    assert said in system.text
    assert said in sites.text
    assert "certificate" not in others.text
