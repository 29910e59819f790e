"""Settings: where they come from, what goes before what, and what is refused."""

import dataclasses
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.settings import (
    Settings,
    carried,
    default_data,
    effective,
    from_carried,
    written,
)
from appliance.settings_sources import BadSettings, load
from appliance.units import Size, Span

ROOT = Path(__file__).parents[2]
SETTINGS = {field.name: field for field in dataclasses.fields(Settings)}
SHOWN = (ROOT / "appliance.toml").read_text(encoding="utf-8")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "appliance.toml"


def loaded(config: Path, text: str = "", **environment: str) -> Settings:
    config.write_text(text, encoding="utf-8")
    return load(config=config, environment=environment)


# ── the file at the repository's root


def test_the_file_shows_every_setting_once() -> None:
    assert re.findall(r"^(?:# )?(\w+) = ", SHOWN, re.MULTILINE) == list(SETTINGS)


def test_the_file_sets_nothing_but_where_the_data_goes() -> None:
    assert tomllib.loads(SHOWN) == {"data": "./data"}


def test_every_line_of_the_file_shows_the_default(config: Path) -> None:
    everything = re.sub(r"^# (\w+ = )", r"\1", SHOWN, flags=re.MULTILINE)

    assert loaded(config, everything) == dataclasses.replace(loaded(config), data=config.parent / "data")


def test_every_setting_in_the_file_is_explained_by_its_own_sentence() -> None:
    explained = dict(re.findall(r"^# (.+)\n(?:# )?(\w+) = ", SHOWN, re.MULTILINE))

    assert {name: about for about, name in explained.items()} == {
        name: field.metadata["about"] for name, field in SETTINGS.items()
    }


# ── what goes before what


def test_without_anything_there_are_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert load(environment={}) == Settings()
    assert Settings().data == default_data()


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(config: Path) -> None:
    config.write_text('base = "file.example"\nentries = 1\nratio = 1')

    settings = load(
        config=config,
        environment={"DROPDOCK_BASE": "environment.example", "DROPDOCK_ENTRIES": "2"},
        given={"base": "given.example", "data": None},
    )

    assert (settings.base, settings.entries, settings.ratio) == ("given.example", 2, 1)


def test_the_file_in_the_current_folder_is_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("entries = 7")
    monkeypatch.chdir(config.parent)

    assert load(environment={}).entries == 7


def test_the_environment_may_name_the_file(tmp_path: Path) -> None:
    named = tmp_path / "other.toml"
    named.write_text("entries = 8")

    assert load(environment={"DROPDOCK_CONFIG": str(named)}).entries == 8


def test_what_the_command_line_reads_itself_is_no_setting(config: Path) -> None:
    assert loaded(config, DROPDOCK_SERVER="http://x", DROPDOCK_TOKEN="dd_x", HOME="/") == Settings()


def test_a_data_folder_in_the_file_is_relative_to_the_file(config: Path) -> None:
    assert loaded(config, 'data = "../data"').data == config.parent / ".." / "data"
    assert loaded(config, 'data = "/srv/data"').data == Path("/srv/data")


def test_a_data_folder_in_the_environment_is_taken_as_it_is(config: Path) -> None:
    assert loaded(config, DROPDOCK_DATA="data").data == Path("data")


def test_a_file_may_begin_with_the_mark_that_windows_writes(config: Path) -> None:
    config.write_bytes(b"\xef\xbb\xbfentries = 9\n")

    assert load(config=config, environment={}).entries == 9


def test_a_secret_may_come_from_a_file(config: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 40 + "\n")

    assert loaded(config, DROPDOCK_SECRET_KEY_FILE=str(key)).secret_key == "k" * 40


# ── what is refused


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("upload_sise = 1", {}, r"appliance\.toml: there is no setting upload_sise\. Did you mean upload_size\?"),
        (
            "",
            {"DROPDOCK_LOG_LEVELS": "x"},
            "DROPDOCK_LOG_LEVELS: there is no setting log_levels. Did you mean log_level",
        ),
        ("zzzz = 1", {}, r"there is no setting zzzz\.$"),
        ('upload_size = "big"', {}, "upload_size is a size, such as .*, not 'big'"),
        ('keep_age = "90"', {}, 'keep_age is a length of time with its unit, such as "30s" or "15m", not \'90\'.'),
        ("upload_size = 500", {}, 'upload_size is a size with its unit, such as "500MB", not 500.'),
        ("upload_size = 0", {}, 'upload_size is a size above 0, such as "500MB", not 0'),
        ('gate_window = "0s"', {}, "gate_window is a length of time above 0, such as .*, not '0s'"),
        ("", {"DROPDOCK_ENTRIES": "0"}, "DROPDOCK_ENTRIES: entries is a whole number from 1 to 10000000, not '0'"),
        ('base = "192.168.1.5"', {}, "an address has no names below it, not '192.168.1.5'"),
        ("", {"DROPDOCK_SECRET_KEY_FILE": "/nowhere"}, "DROPDOCK_SECRET_KEY_FILE: the file /nowhere cannot be read"),
        ("= 1", {}, "is not valid TOML"),
        ('file_size = "3GB"', {}, r"file_size \(3GB\) is larger than unpacked_size \(2GB\)"),
        ('secret_key = "short"', {}, "secret_key is shorter than 32 characters"),
        ('snippet_size = "3B"\nhead_snippet = "<b>é"', {}, "head_snippet is longer than snippet_size"),
        ('base = "a.org"\nadmin_host = "x.y.a.org"', {}, r"admin_host x\.y\.a\.org looks like a site of a\.org"),
        ('base = "a.org"\nadmin_host = "x--y.a.org"', {}, "looks like a site"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(
    config: Path, text: str, environment: dict[str, str], message: str
) -> None:
    with pytest.raises(BadSettings, match=message):
        loaded(config, text, **environment)


def test_nothing_is_refused_unless_the_setting_says_what_it_means() -> None:
    kinds = {Size, Span, int}
    numbers = [field for name, field in SETTINGS.items() if type(getattr(Settings(), name)) in kinds]

    taken = [field for field in numbers if takes_nothing(field.metadata["parse"])]

    assert [field.name for field in taken if not re.search(r"\b0[Bs]?: ", field.metadata["about"])] == []


def takes_nothing(parse: Callable[[object], object]) -> bool:
    try:
        parse(0)
    except ValueError:
        return False
    return True


def test_every_fault_is_named_at_once(config: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        loaded(config, 'entries = 0\nrasio = 1\nlog_level = "loud"')

    assert len(str(refused.value).splitlines()) == 3


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"missing\.toml cannot be read: No such file"):
        load(config=tmp_path / "missing.toml", environment={})


def test_a_secret_that_is_refused_is_not_shown(config: Path) -> None:
    with pytest.raises(BadSettings) as refused:
        loaded(config, DROPDOCK_SECRET_KEY="hunter2")

    assert "hunter2" not in str(refused.value)


# ── how settings are shown


def test_secrets_are_masked(config: Path) -> None:
    kept = effective(loaded(config, DROPDOCK_SECRET_KEY="s" * 40))
    made = effective(Settings())

    assert "s" * 40 not in str(kept)
    assert (kept["secret_key"], made["secret_key"]) == ("(set)", "(made on first start)")


def test_every_setting_is_shown_as_it_would_be_written() -> None:
    shown = effective(Settings())

    assert list(shown) == list(SETTINGS)
    assert (shown["upload_size"], shown["upload_timeout"]) == ("500MB", "1m")
    assert (shown["metrics_allow"], shown["listen_without_account"]) == ("127.0.0.0/8, ::1/128", "false")


@pytest.mark.parametrize("name", [name for name in SETTINGS if name not in {"data", "secret_key"}])
def test_what_is_shown_reads_back_the_same(name: str) -> None:
    parse: Any = SETTINGS[name].metadata["parse"]
    value = getattr(Settings(), name)

    assert parse(written(value)) == value


# ── the admin's host


@pytest.mark.parametrize(
    ("text", "admin"),
    [
        ("", "localhost"),
        ('base = "sites.org"', "admin.sites.org"),
        ('base = "sites.org"\nadmin_host = "desk.sites.org"', "desk.sites.org"),
        ('base = "sites.org"\nadmin_host = "desk.other.org"', "desk.other.org"),
        ('base = "sites.org"\nadmin_host = "sites.org"', "sites.org"),
    ],
)
def test_the_admin_has_a_host(config: Path, text: str, admin: str) -> None:
    assert loaded(config, text).admin == admin


def test_several_processes_are_refused_on_windows_and_fine_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(environment={"DROPDOCK_WORKERS": "2"}).workers == 2
    monkeypatch.setattr(sys, "platform", "win32")

    with pytest.raises(BadSettings, match="Windows: leave it out"):
        load(environment={"DROPDOCK_WORKERS": "2"})
    assert load(environment={}).workers == 1


def test_what_a_worker_is_told_of_the_settings_is_everything_but_the_secrets() -> None:
    settings = load(
        environment={
            "DROPDOCK_SECRET_KEY": "k" * 40,
            "DROPDOCK_HEAD_SIZE": "12KiB",
            "DROPDOCK_TRUSTED_PROXIES": "10.0.0.0/8, ::1/128",
            "DROPDOCK_LISTEN_TLS": "127.0.0.1:8443",
            "DROPDOCK_TLS_HOSTS": "a.example=a.pem:a.key, *.b.example=b.pem",
            "DROPDOCK_KEEP_ALIVE": "90s",
        }
    )

    told = carried(settings)

    assert "k" * 40 not in str(told)
    assert from_carried(told) == dataclasses.replace(settings, secret_key="")
