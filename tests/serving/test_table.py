from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.serving import table as table_module
from appliance.serving.hosts import normalise_host
from appliance.serving.table import Table
from tests.probes import HOSTS
from tests.serving.lanes import release


@pytest.mark.parametrize(("raw", "host"), HOSTS, ids=repr)
def test_hosts_have_one_spelling(raw: bytes, host: str) -> None:
    assert normalise_host(raw) == host


@given(st.one_of(st.binary(), st.text()))
def test_any_host_is_normalised_once_and_for_all(raw: str | bytes) -> None:
    host = normalise_host(raw)

    assert normalise_host(host) == host


def test_a_host_leads_to_the_release_put_last(tmp_path: Path) -> None:
    table = Table()
    first, second = release(tmp_path, {}), release(tmp_path, {})

    table.put("a.localhost", first)
    table.put("a.localhost", second)

    assert table.find("a.localhost") is second
    assert table.find_raw(b"A.localhost.:8080") is second
    assert len(table) == 1


def test_a_dropped_host_is_unknown_in_every_spelling(tmp_path: Path) -> None:
    table = Table()
    table.put("a.localhost", release(tmp_path, {}))
    assert table.find_raw(b"A.LOCALHOST") is not None

    table.drop("a.localhost")
    table.drop("a.localhost")

    assert table.find("a.localhost") is None
    assert table.find_raw(b"A.LOCALHOST") is None


def test_only_the_previews_used_last_are_kept(tmp_path: Path) -> None:
    table = Table(previews=2)
    for name in ("a", "b"):
        table.put(name, release(tmp_path, {}, preview=True))
    table.find("a")

    table.put("c", release(tmp_path, {}, preview=True))

    assert table.find("b") is None
    assert table.find("a") is not None
    assert table.find_raw(b"C:80") is not None
    assert len(table) == 0


def test_a_preview_that_becomes_live_stays(tmp_path: Path) -> None:
    table = Table(previews=1)
    table.put("a", release(tmp_path, {}, preview=True))
    table.put("a", release(tmp_path, {}))

    table.put("b", release(tmp_path, {}, preview=True))

    assert table.find("a") is not None


def test_a_reserved_host_never_leads_to_a_site(tmp_path: Path) -> None:
    table = Table(reserved="localhost".__eq__)

    table.put("localhost", release(tmp_path, {}))

    assert table.find("localhost") is None
    assert table.find_raw(b"localhost:8080") is None


def test_spellings_are_remembered_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_SPELLINGS", 3)
    table = Table()
    table.put("a", release(tmp_path, {}))

    for port in range(20):
        assert table.find_raw(b"a:%d" % port) is not None
        assert table.find_raw(b"stranger-%d" % port) is None

    assert len(table._spellings) <= 3


def test_every_live_host_has_room_for_its_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "_SPELLINGS", 3)
    table, hosts = Table(), [f"site-{number}" for number in range(10)]
    for host in hosts:
        table.put(host, release(tmp_path, {}))

    for host in hosts:
        assert table.find_raw(f"{host}:80".encode()) is not None

    assert len(table._spellings) == len(hosts)
