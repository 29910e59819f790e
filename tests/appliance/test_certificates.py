"""Certificates: found by host, read again when their files change, and never lost to a broken file."""

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from appliance.certificates import Certificates, NoCertificate, Pair, pairs_of
from appliance.units import HostFiles
from tests.authority import client_context, write_pair


def names_in(certificates: Certificates, host: str | None, context: ssl.SSLContext | None = None) -> set[str]:
    """The names in the certificate that a client asking for this host is shown."""
    client = context or client_context(verify=False)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = threading.Thread(target=_greet, args=(certificates, theirs))
        server.start()
        try:
            with client.wrap_socket(ours, server_hostname=host) as connection:
                shown = connection.getpeercert() or {}
        finally:
            server.join()
    alternatives = shown.get("subjectAltName", ())
    assert isinstance(alternatives, tuple)
    return {str(value) for _, value in alternatives}


def _greet(certificates: Certificates, theirs: socket.socket) -> None:
    try:
        certificates.first().wrap_socket(theirs, server_side=True).close()
    except OSError:
        theirs.close()


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def several(tmp_path: Path) -> Certificates:
    return Certificates(
        [
            write_pair(tmp_path, "default.test", stem="default"),
            write_pair(tmp_path, "shop.test", host="shop.test", stem="shop"),
            write_pair(tmp_path, "*.wild.test", host="*.wild.test", stem="wild"),
        ]
    )


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("shop.test", "shop.test"),
        ("SHOP.test", "shop.test"),
        ("a.wild.test", "*.wild.test"),
        ("a.b.wild.test", "default.test"),
        ("wild.test", "default.test"),
        ("other.test", "default.test"),
        (None, "default.test"),
    ],
)
def test_the_client_is_shown_the_certificate_of_the_host_it_names(
    several: Certificates, asked: str | None, shown: str
) -> None:
    assert names_in(several, asked) == {shown}


def test_a_context_is_found_by_host(several: Certificates) -> None:
    found = {host: several.find(host) for host in ("shop.test", "a.wild.test", "b.wild.test", "", "x")}

    assert found["a.wild.test"] is found["b.wild.test"]
    assert found[""] is found["x"]
    assert len({id(context) for context in found.values()}) == 3


def test_nobody_is_asked_for_a_certificate_where_all_have_the_same(tmp_path: Path, several: Certificates) -> None:
    only = Certificates([write_pair(tmp_path, "default.test", stem="default")])

    assert only.first() is only.find("any.test")
    assert only.first().sni_callback is None
    assert several.first() is several.find("other.test")
    assert several.first().sni_callback is not None


def test_a_connection_begins_with_the_certificate_as_it_is_now(several: Certificates, tmp_path: Path) -> None:
    before = several.first()
    write_pair(tmp_path, "newer.test", stem="default")
    several.look()

    assert several.first() is not before
    assert names_in(several, "other.test") == {"newer.test"}
    assert names_in(several, "shop.test") == {"shop.test"}


def test_without_a_default_an_unknown_host_is_told_so(tmp_path: Path) -> None:
    certificates = Certificates([write_pair(tmp_path, "shop.test", host="shop.test")])

    with pytest.raises(OSError, match=r"UNRECOGNIZED_NAME|EOF|reset"):
        names_in(certificates, "other.test")
    assert certificates.find("other.test") is None


def test_old_tls_is_refused(several: Certificates) -> None:
    old = client_context(verify=False)
    old.minimum_version = ssl.TLSVersion.TLSv1_2

    assert several.first().minimum_version == ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    assert names_in(several, "shop.test", old) == {"shop.test"}


def test_new_files_are_taken_up_without_a_restart(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "old.test")
    certificates = Certificates([pair], look_seconds=0.01)
    certificates.start()
    try:
        assert names_in(certificates, "x.test") == {"old.test"}

        write_pair(tmp_path, "new.test")

        eventually(lambda: names_in(certificates, "x.test") == {"new.test"})
    finally:
        certificates.stop()


def test_a_renewal_that_moves_a_link_is_noticed(tmp_path: Path) -> None:
    first, second = (write_pair(tmp_path, f"{name}.test", stem=name) for name in ("one", "two"))
    link, key = tmp_path / "live.pem", tmp_path / "live.key"
    link.symlink_to(first.certificate)
    key.symlink_to(first.key)
    certificates = Certificates([Pair("", link, key)])

    for moved, target in ((link, second.certificate), (key, second.key)):
        moved.unlink()
        moved.symlink_to(target)
    certificates.look()

    assert names_in(certificates, "x.test") == {"two.test"}


@pytest.mark.parametrize("breakage", ["not PEM", "empty", "gone", "another's key"])
def test_a_broken_file_keeps_the_certificate_before_it_and_is_reported(
    tmp_path: Path, breakage: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = write_pair(tmp_path, "good.test")
    certificates = Certificates([pair])

    if breakage == "gone":
        pair.certificate.unlink()
    elif breakage == "another's key":
        pair.key.write_bytes(write_pair(tmp_path, "y.test", stem="y").key.read_bytes())
    else:
        pair.certificate.write_text("" if breakage == "empty" else "nonsense")
    certificates.look()
    certificates.look()

    assert names_in(certificates, "x.test") == {"good.test"}
    said = caplog.text + capsys.readouterr().out
    assert said.count("certificate_not_reloaded") == 1
    assert str(pair.certificate) in said


def test_a_file_that_is_whole_again_counts(tmp_path: Path) -> None:
    pair = write_pair(tmp_path, "good.test")
    certificates = Certificates([pair])
    pair.certificate.write_text("half")
    certificates.look()

    write_pair(tmp_path, "better.test")
    certificates.look()

    assert names_in(certificates, "x.test") == {"better.test"}


@pytest.mark.parametrize(
    ("certificate", "key", "said"),
    [
        ("none.pem", "site.key", "No such file"),
        ("site.pem", "none.key", "No such file"),
        ("site.key", "site.pem", "not PEM"),
        ("site.pem", "other.key", "another certificate's"),
        ("site.pem", "locked.key", "password"),
    ],
)
def test_a_pair_that_cannot_be_used_says_why(tmp_path: Path, certificate: str, key: str, said: str) -> None:
    write_pair(tmp_path, "site.test")
    write_pair(tmp_path, "other.test", stem="other")
    locked = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (tmp_path / "locked.key").write_bytes(locked)

    with pytest.raises(NoCertificate, match=said) as raised:
        Certificates([Pair("", tmp_path / certificate, tmp_path / key)])

    assert certificate in str(raised.value)


def test_stopping_twice_or_before_the_start_is_no_error(tmp_path: Path) -> None:
    Certificates([write_pair(tmp_path, "site.test")]).stop()


def test_paths_start_from_the_folder_and_one_file_may_hold_both(tmp_path: Path) -> None:
    hosts = [HostFiles("a.test", "a.pem", "a.pem"), HostFiles("b.test", str(tmp_path / "b.pem"), "b.key")]
    folder = tmp_path / "certs"

    pairs = pairs_of(folder, "site.pem", "", hosts)

    assert pairs == [
        Pair("a.test", folder / "a.pem", folder / "a.pem"),
        Pair("b.test", tmp_path / "b.pem", folder / "b.key"),
        Pair("", folder / "site.pem", folder / "site.pem"),
    ]
    assert pairs_of(folder, "", "", []) == []


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (f"a.test=a.pem{os.pathsep}a.key", HostFiles("a.test", "a.pem", "a.key")),
        ("*.A.test = both.pem", HostFiles("*.a.test", "both.pem", "both.pem")),
    ],
)
def test_a_host_and_its_files_are_read_as_they_are_written(text: str, parsed: HostFiles) -> None:
    assert HostFiles.parse(text) == parsed
    assert HostFiles.parse(str(parsed)) == parsed
