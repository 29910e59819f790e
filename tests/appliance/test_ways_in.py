"""What visitors come in by: as the settings say, and given up again."""

import dataclasses
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from appliance.certificates import NoCertificate
from appliance.data_folder import DataFolder
from appliance.listening import CannotListen
from appliance.settings import Settings
from appliance.units import Address
from appliance.ways_in import WaysIn
from tests.authority import write_pair

ANY = Address("127.0.0.1", 0)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path)
    made.create()
    write_pair(made.certs, "localhost")
    return made


def opened(folder: DataFolder, stack: ExitStack, **settings: Any) -> WaysIn:
    chosen = {"listen": ANY, "tls_certificate": "site.pem", "tls_key": "site.key", **settings}
    return WaysIn.of(dataclasses.replace(Settings(), **chosen), folder, stack)


def test_without_tls_there_is_one_way_in(folder: DataFolder) -> None:
    with ExitStack() as stack:
        ways = opened(folder, stack)

        assert (ways.tls, ways.certificates, ways.reception.log) == (None, None, None)
        assert ways.port == ways.plain.port
        assert not ways.reception.policy.https_port


def test_what_was_opened_is_given_up(folder: DataFolder) -> None:
    with ExitStack() as stack:
        ways = opened(folder, stack, listen_tls=ANY, access_log="json", access_log_path="a.log")
        assert ways.tls
        port = ways.tls.port
        assert (folder.root / "logs/a.log").exists()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.mark.parametrize(
    ("settings", "seen", "https"),
    [
        ({}, "plain", "tls"),
        ({"public_scheme": "https"}, "tls", "tls"),
        ({"public_scheme": "https", "public_port": 443}, "tls", 443),
        ({"public_port": 8080}, "plain", "tls"),
        ({"listen_tls": None}, "plain", 443),
        ({"listen_tls": None, "public_scheme": "https", "public_port": 8443}, "plain", 8443),
        ({"https_redirect": False}, "plain", 0),
    ],
)
def test_the_ports_people_see(folder: DataFolder, settings: dict[str, Any], seen: str, https: str | int) -> None:
    with ExitStack() as stack:
        ways = opened(folder, stack, **{"listen_tls": ANY, "https_redirect": True, **settings})
        ports = {"plain": ways.plain.port, "tls": ways.tls.port if ways.tls else 0}

        assert ways.port == ports[seen]
        assert ways.reception.policy.https_port == (ports["tls"] if https == "tls" else https)


def test_what_cannot_be_opened_says_why(folder: DataFolder) -> None:
    (folder.root / "logs/file").write_text("")

    with ExitStack() as stack, pytest.raises(CannotListen, match="access log"):
        opened(folder, stack, access_log="common", access_log_path="file/a.log")
    with ExitStack() as stack, pytest.raises(NoCertificate, match=r"none\.pem"):
        opened(folder, stack, listen_tls=ANY, tls_certificate="none.pem")
