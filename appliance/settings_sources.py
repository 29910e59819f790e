"""Where settings come from: command line, `DROPDOCK_*`, `appliance.toml`; each checked, then all of them together."""

import difflib
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.settings import Settings, fields

ENVIRONMENT = "DROPDOCK_"
CONFIG_NAME = "appliance.toml"
NOT_SETTINGS = {"CONFIG", "SERVER", "TOKEN"}  # DROPDOCK_… names the command line reads itself


class BadSettings(Exception):
    """One or more settings cannot be used; `str()` is a sentence per setting that says what to do."""


def load(
    *,
    config: Path | None = None,
    environment: Mapping[str, str] = os.environ,
    given: Mapping[str, object] | None = None,
) -> Settings:
    """Read the settings: command line over environment over file over defaults. Raises BadSettings, naming each fault.

    The file is `config`, else `DROPDOCK_CONFIG`, else `appliance.toml` in the current folder where there is one.
    """
    faults: list[str] = []
    values = _from_file(config_file(config, environment), faults)
    written: dict[str, str] = {}  # what to call a setting in a sentence, where its name alone does not say where it is
    values |= _from_environment(environment, written, faults)
    options = {name: value for name, value in (given or {}).items() if value is not None}
    written = {name: called for name, called in written.items() if name not in options}
    parsed: dict[str, Any] = _parse(values | options, written, faults)
    if faults:
        raise BadSettings("\n".join(faults))
    settings = Settings(**parsed)
    _check_combinations(settings)
    return settings


def config_file(config: Path | None, environment: Mapping[str, str]) -> Path | None:
    """The file that settings are read from; None where there is none."""
    if config is not None:
        return config
    if environment.get(ENVIRONMENT + "CONFIG"):
        return Path(environment[ENVIRONMENT + "CONFIG"])
    return Path(CONFIG_NAME) if Path(CONFIG_NAME).is_file() else None


def _from_file(path: Path | None, faults: list[str]) -> dict[str, object]:
    if path is None:
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Notepad begins files with a mark
    except OSError as error:
        raise BadSettings(f"{path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} is not valid TOML: {error}.") from None
    for name in [name for name in values if name not in fields()]:
        faults.append(_unknown(name, f"{path}: "))
        del values[name]
    if isinstance(values.get("data"), str):
        values["data"] = str(path.absolute().parent / Path(values["data"]).expanduser())
    return values


def _from_environment(environment: Mapping[str, str], written: dict[str, str], faults: list[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT) or variable.removeprefix(ENVIRONMENT) in NOT_SETTINGS:
            continue
        name = variable.removeprefix(ENVIRONMENT).lower()
        if name in fields():
            values[name] = text
        elif (name := name.removesuffix("_file")) in fields() and variable.lower().endswith("_file"):
            values[name] = _read_secret(variable, text, faults)
        else:
            faults.append(_unknown(variable.removeprefix(ENVIRONMENT).lower(), f"{variable}: "))
            continue
        written[name] = f"{variable}: {name}"
    return values


def _read_secret(variable: str, path: str, faults: list[str]) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        faults.append(f"{variable}: the file {path} cannot be read.")
        return ""


def _parse(values: Mapping[str, object], written: Mapping[str, str], faults: list[str]) -> dict[str, object]:
    """What the values mean; `written` has what to call settings that are not simply known by their name."""
    parsed = {}
    for name, value in values.items():
        field = fields()[name]
        try:
            parsed[name] = field.metadata["parse"](value)
        except ValueError as error:
            faults.append(f"{written.get(name, name)} {error}{_instead_of(value, secret=field.metadata['secret'])}")
    return parsed


def _instead_of(value: object, *, secret: bool) -> str:
    """The end of a sentence about a value that cannot be; a whole table is nothing to read there."""
    if isinstance(value, Mapping):
        return "."
    return f", not {'the value given' if secret else repr(value)}."


def _check_combinations(settings: Settings) -> None:
    if settings.file_size > settings.unpacked_size:
        raise BadSettings(
            f"file_size ({settings.file_size}) is larger than unpacked_size ({settings.unpacked_size}): "
            "raise unpacked_size or lower file_size."
        )
    _check_sweep(settings)
    if settings.admin != settings.base and settings.admin.endswith("." + settings.base):
        label = settings.admin.removesuffix("." + settings.base)
        if "." in label or "--" in label:
            raise BadSettings(
                f"admin_host {settings.admin} looks like a site of {settings.base}: use one label, such as admin."
            )
    _check_door(settings)
    _check_plans(settings)
    if len(settings.head_snippet.encode()) > settings.snippet_size:
        raise BadSettings(f"head_snippet is longer than snippet_size ({settings.snippet_size}): shorten it.")
    _check_backups(settings)
    if settings.secret_key and len(settings.secret_key) < 32:
        raise BadSettings("secret_key is shorter than 32 characters: use a longer one, or none to have one made.")


def _check_backups(settings: Settings) -> None:
    elsewhere = "://" in settings.backup_to
    if elsewhere and "@" in settings.backup_to:
        raise BadSettings("backup_to holds credentials, it seems: leave them out, and set backup_s3_key_id.")
    if settings.backup_every and not (elsewhere or Path(settings.backup_to).is_absolute()):
        raise BadSettings(
            "backup_every needs a place: set backup_to to the absolute path of a folder, best on another disk, or to "
            "s3://bucket/prefix."
        )
    if bool(settings.backup_s3_key_id) != bool(settings.backup_s3_secret):
        raise BadSettings("backup_s3_key_id and backup_s3_secret belong together: set both, or neither.")


def _check_door(settings: Settings) -> None:
    if settings.listen_tls and not (settings.tls_certificate or settings.tls_hosts):
        raise BadSettings("listen_tls needs a certificate: set tls_certificate, or tls_hosts.")
    if settings.https_redirect and not (settings.listen_tls or settings.trusted_proxies):
        raise BadSettings("https_redirect leads nowhere: set listen_tls, or trusted_proxies if a proxy speaks HTTPS.")
    if settings.country_header and not settings.trusted_proxies:
        raise BadSettings("country_header is believed from trusted_proxies only: name the proxy there.")
    if settings.workers > 1 and sys.platform == "win32":
        raise BadSettings("workers is more than 1, which needs a system other than Windows: leave it out.")


def _check_plans(settings: Settings) -> None:
    names = [plan.name for plan in settings.plans]
    if settings.default_plan and settings.default_plan not in names:
        known = f"there are {', '.join(names)}" if names else "there is none: write [plans.NAME]"
        raise BadSettings(f"default_plan is {settings.default_plan!r}, which is no plan: {known}.")


def _check_sweep(settings: Settings) -> None:
    if settings.sweep_grace < 2 * settings.build_timeout:
        raise BadSettings(
            f"sweep_grace ({settings.sweep_grace}) is less than twice build_timeout ({settings.build_timeout}): "
            "content could be swept that a deploy on its way relies on. Raise sweep_grace."
        )


def _unknown(name: str, where: str) -> str:
    close = difflib.get_close_matches(name.lower(), fields(), n=1)
    hint = f" Did you mean {close[0]}?" if close else ""
    return f"{where}there is no setting {name}.{hint}"
