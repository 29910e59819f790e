"""What people are told of reaching Dropdock from other devices."""

from pathlib import Path

import pytest

from admin_ui.desktop import network
from appliance.addresses import Addresses
from appliance.settings import Settings
from appliance.units import Address
from tests.builders import settings_for

FAR = Address("0.0.0.0", 8080)  # noqa: S104 - nothing listens here
BASE = "192-0-2-7.sslip.io"


def shown(settings: Settings) -> str:
    return network.page(settings, Addresses.of(settings, 8080))


def test_while_only_this_machine_reaches_it_there_is_no_code_but_the_way_to_one(tmp_path: Path) -> None:
    page = shown(settings_for(tmp_path))

    assert "<svg" not in page
    assert "Only this machine reaches Dropdock" in page
    assert 'listen = "0.0.0.0:8080"' in page


def test_a_name_that_means_each_device_itself_is_no_address_for_others(tmp_path: Path) -> None:
    page = shown(settings_for(tmp_path, listen=FAR))

    assert "<svg" not in page
    assert ".sslip.io" in page


def test_where_others_are_let_in_a_code_holds_the_admins_address(tmp_path: Path) -> None:
    page = shown(settings_for(tmp_path, listen=FAR, base=BASE))

    assert "<svg" in page
    assert f"<title>http://admin.{BASE}:8080/</title>" in page


@pytest.mark.parametrize(("listen_tls", "allowed"), [(None, False), (FAR, True), (Address("::1", 8443), False)])
def test_listening_for_https_alone_lets_others_in_too(
    tmp_path: Path, listen_tls: Address | None, allowed: bool
) -> None:
    assert network.is_allowed(settings_for(tmp_path, listen_tls=listen_tls)) == allowed
