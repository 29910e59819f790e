"""`service`: have the machine's own service manager keep Dropdock running."""

import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from appliance.cli import options
from appliance.cli.output import Failure, show, tell
from appliance.services import MANAGERS
from appliance.services.values import LOW_PORTS, Manager, Service
from appliance.settings import Settings

USER = "dropdock"
WRITTEN = "Written by `dropdock service install`; every setting is in the help, under Settings."


def command(program: Sequence[str]) -> click.Group:
    """The group; `program` is the command that starts Dropdock."""

    @click.group()
    def service() -> None:
        """Run Dropdock as a service of this machine."""

    @service.command("install")
    @click.option("--user", default=USER, show_default=True, help="User it runs as; made where that can be done.")
    @click.option("--config", type=options.A_FILE, help="Settings file.  [default: where the system has such]")
    @click.option("--data", type=options.A_FOLDER, help="Data directory.  [default: where the system has such]")
    @click.option("--print", "only_print", is_flag=True, help="Only print the service's file.")
    @_manager
    def install(user: str, config: Path | None, data: Path | None, only_print: bool, manager: str | None) -> None:
        """Write the service's file and start the service.

        It is started at every boot from then on, and again when it fails.
        """
        chosen = _chosen(manager)
        made = _service(program, user, config or chosen.config, data or chosen.data)
        if only_print:
            show(chosen.text(made).rstrip("\n"))
            return
        _install(chosen, made)

    @service.command("remove")
    @_manager
    def remove(manager: str | None) -> None:
        """Stop the service and take its file away; data and settings stay."""
        chosen = _chosen(manager)
        if not chosen.path.exists():
            raise Failure(f"There is no service to remove: {chosen.path} does not exist.")
        for each in chosen.remove:
            _run(each)
        chosen.path.unlink()
        show(f"Removed {chosen.path}. Data and settings are where they were.")

    @service.command("status")
    @_manager
    def status(manager: str | None) -> int:
        """Show what the service manager knows of it."""
        return subprocess.run(_chosen(manager).status, check=False).returncode  # noqa: S603 - a fixed command

    return service


_manager = click.option(
    "--manager", type=click.Choice(list(MANAGERS)), help="Service manager.  [default: this system's]"
)


def _chosen(name: str | None) -> Manager:
    if name is not None:
        return MANAGERS[name]
    for manager in MANAGERS.values():
        if sys.platform.startswith(manager.platform):
            return manager
    raise Failure(f"No service manager is known for {sys.platform}: choose one with --manager.")


def _service(program: Sequence[str], user: str, config: Path, data: Path) -> Service:
    config, data = config.absolute(), data.absolute()
    settings = options.settings(config if config.exists() else None, {"data": data})
    low_port, writes, reads = _has_low_port(settings), _written_to(settings), _read_by(settings)
    return Service(tuple(program), user, config, data, low_port, writes, reads)


def _has_low_port(settings: Settings) -> bool:
    addresses = (settings.listen, settings.listen_tls)
    return any(address is not None and 0 < address.port < LOW_PORTS for address in addresses)


def _written_to(settings: Settings) -> tuple[Path, ...]:
    """The folders outside of the data folder that a server with these settings writes to."""
    backups = Path("" if "://" in settings.backup_to else settings.backup_to)
    access_log = Path(settings.access_log_path).parent
    return tuple(path for path in (backups, access_log) if path.is_absolute())


def _read_by(settings: Settings) -> tuple[Path, ...]:
    """The files outside of the data folder that a server with these settings reads."""
    of_hosts = [file for host in settings.tls_hosts for file in (host.certificate, host.key)]
    of_all = (settings.tls_certificate, settings.tls_key, settings.geoip_file, settings.backup_passphrase_file)
    return tuple(path for path in map(Path, (*of_all, *of_hosts)) if path.is_absolute())


def _install(manager: Manager, service: Service) -> None:
    if refusal := manager.refuse(service):
        raise Failure(refusal)
    for each in manager.present:
        _run(each)
    try:
        _write_config(service.config)
        for each in manager.prepare(service):
            _run(each)
        manager.path.parent.mkdir(parents=True, exist_ok=True)
        manager.path.write_text(manager.text(service), encoding="utf-8")
    except PermissionError as error:
        raise Failure(f"{error.filename} may not be written: run this as root, or look at it with --print.") from None
    for each in manager.install:
        _run(each)
    show(f"Installed {manager.path}. It runs as {service.user}, with its settings in {service.config}.")
    tell(f"Next: {_as_user(service, 'account', 'create', '--email', 'YOU', '--role', 'operator')}")


def _write_config(path: Path) -> None:
    """A settings file to begin with, where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_text(f"# {WRITTEN}\n", encoding="utf-8")
        path.chmod(0o644)  # the service's user has to read it; secrets go into files of their own


def _as_user(service: Service, *arguments: str) -> str:
    words = (*service.command, *arguments, "--config", str(service.config), "--data", str(service.data))
    return shlex.join(("sudo", "-u", service.user, *words)) if os.name == "posix" else subprocess.list2cmdline(words)


def _run(arguments: Sequence[str]) -> None:
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603 - commands of ours
    except FileNotFoundError:
        raise Failure(f"{arguments[0]} is not on this machine: look at the service's file with --print.") from None
    if done.returncode:
        reason = done.stderr.strip() or f"exit status {done.returncode}"
        raise Failure(f"`{shlex.join(arguments)}` failed: {reason}")
