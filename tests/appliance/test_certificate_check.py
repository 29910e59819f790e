"""What operators are told of certificates: before they end, once they have, and when they cannot be used."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.certificate_check import findings
from appliance.data_folder import DataFolder, Finding
from appliance.settings import Settings
from appliance.units import Address, HostFiles, Span
from tests.authority import authority

NOW = datetime.now(UTC)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "data")
    folder.certs.mkdir(parents=True)
    return folder


def write(folder: DataFolder, name: str, ends: datetime, key: str = "") -> None:
    """A certificate that ends then, in one file with its key, or with that of another."""
    issued = authority().issue_cert("localhost", not_after=ends)
    (folder.certs / name).write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    if key:
        (folder.certs / key).write_bytes(authority().issue_cert("localhost").private_key_pem.bytes())


def settings_with(**more: object) -> Settings:
    return Settings(listen_tls=Address("127.0.0.1", 8443), tls_certificate="site.pem", **more)  # type: ignore[arg-type]


def severities(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.severity, finding.code) for finding in found]


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-1, ("warning", "certificate_ended")),
        (13, ("warning", "certificate_ends")),
        (15, ("note", "certificate")),
    ],
)
def test_the_end_of_a_certificate_is_told_two_weeks_before(
    folder: DataFolder, days: int, told: tuple[str, str]
) -> None:
    write(folder, "site.pem", NOW + timedelta(days=days))

    assert severities(findings(settings_with(), folder)) == [told]


def test_how_long_before_is_a_setting(folder: DataFolder) -> None:
    write(folder, "site.pem", NOW + timedelta(days=13))

    (found,) = findings(settings_with(certificate_warn=Span.parse("1d")), folder)

    assert found.message.startswith(f"The certificate {folder.certs / 'site.pem'} is good until 20")


def test_one_that_cannot_be_used_is_an_error_that_says_why(folder: DataFolder) -> None:
    write(folder, "site.pem", NOW + timedelta(days=90), key="other.key")

    (found,) = findings(settings_with(tls_key="other.key"), folder)

    assert (found.severity, found.code) == ("error", "certificate_unusable")
    assert found.message.endswith("cannot be used: the key is another certificate's.")


def test_a_renewed_one_is_looked_at_anew(folder: DataFolder) -> None:
    write(folder, "site.pem", NOW - timedelta(days=1))
    before = findings(settings_with(), folder)
    write(folder, "site.pem", NOW + timedelta(days=90))

    assert severities(before) == [("warning", "certificate_ended")]
    assert severities(findings(settings_with(), folder)) == [("note", "certificate")]


def test_each_host_s_is_looked_at_and_one_of_several_hosts_once(folder: DataFolder) -> None:
    write(folder, "site.pem", NOW + timedelta(days=90))
    write(folder, "shop.pem", NOW + timedelta(days=3))
    hosts = tuple(HostFiles(host, "shop.pem", "shop.pem") for host in ("shop.example", "www.shop.example"))

    found = severities(findings(settings_with(tls_hosts=hosts), folder))

    assert found == [("warning", "certificate_ends"), ("note", "certificate")]


def test_without_tls_there_is_nothing_to_tell(folder: DataFolder) -> None:
    assert findings(Settings(tls_certificate="not-there.pem"), folder) == []
