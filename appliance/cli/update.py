"""`update`: bring the single executable to the newest release."""

from pathlib import Path

import click

from appliance import presence
from appliance.cli import options
from appliance.cli.output import Failure, show, tell
from appliance.data_folder import DataFolder
from appliance.releases.swapping import Executable
from appliance.releases.updating import Update
from appliance.releases.values import CannotUpdate
from appliance.services import MANAGERS
from appliance.services.values import Manager
from appliance.settings import Settings
from appliance.settings_sources import CONFIG_NAME
from appliance.version import VERSION

CONTAINER = tuple(map(Path, ("/.dockerenv", "/run/.containerenv")))  # what Docker and Podman put there


def command(executable: Path | None) -> click.Command:
    """The command; `executable` is the program's one file, None where it runs from its sources."""

    @click.command("update")
    @click.option("--check", "only_check", is_flag=True, help="Only say whether there is a newer version.")
    @options.config
    @options.data
    def update(only_check: bool, config: Path | None, data: Path | None) -> None:
        """Bring this executable to the newest release.

        The release is tried out on a copy of the database first. A service is restarted; when it does not get ready,
        everything is put back.
        """
        if executable is None:
            raise Failure(_other_way())
        config, data = _places(executable, config, data)
        settings = options.settings(config, {"data": data})
        _check_settings(settings)
        try:
            _update(Executable(executable), settings, config, only_check=only_check)
        except CannotUpdate as error:
            raise Failure(str(error)) from None

    return update


def _update(executable: Executable, settings: Settings, config: Path | None, *, only_check: bool) -> None:
    config = config or (Path(CONFIG_NAME) if Path(CONFIG_NAME).is_file() else None)
    given = ("--config", str(config.absolute())) if config else ()
    service = None if only_check else _running(executable.path, settings)
    update = Update(executable, settings, given, service, tell)
    found = update.look()
    if found is None:
        show(f"Dropdock {VERSION} is the newest version for this machine.")
        return
    release, file = found
    if only_check:
        show(f"Dropdock {release.version} is there; this is {VERSION}. `dropdock update` installs it.")
        return
    update.carry_out(release, file)
    show(f"Dropdock {release.version} has taken the place of {VERSION}, which is kept as {executable.before}.")
    if service is None:
        tell("Start it as you did before.")


def _places(executable: Path, config: Path | None, data: Path | None) -> tuple[Path | None, Path | None]:
    """Settings file and data folder: those given, else those that a service of this executable has by default."""
    manager = _manager(executable)
    if manager is None or config is not None or data is not None:
        return config, data
    return (manager.config if manager.config.exists() else None), manager.data


def _running(executable: Path, settings: Settings) -> Manager | None:
    """The service to stop and start, None when nothing runs. Failure for a server that has to be stopped by hand."""
    manager = _manager(executable)
    if manager is not None and str(settings.data.absolute()) not in _text(manager):
        raise Failure(
            f"{manager.path} runs this executable on another data folder than {settings.data.absolute()}: "
            "give its --config and --data."
        )
    if presence.find(DataFolder(settings.data)) is None:
        return None
    if manager is None:
        raise Failure(
            f"A server runs on {settings.data} that no service of this machine has started: stop it, run this again, "
            "then start it."
        )
    return manager


def _manager(executable: Path) -> Manager | None:
    """The service manager that is told to start this executable, if one is."""
    return next((manager for manager in MANAGERS.values() if str(executable) in _text(manager)), None)


def _text(manager: Manager) -> str:
    try:
        return manager.path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _check_settings(settings: Settings) -> None:
    missing = [name for name in ("update_index", "update_key") if not getattr(settings, name)]
    if missing:
        raise Failure(f"Set {' and '.join(missing)} first: without, there is no list of releases to look at.")


def _other_way() -> str:
    """How what is no single executable is brought to a newer version."""
    if any(sign.exists() for sign in CONTAINER):
        return "This is a container: build or pull the new image, then start the container from it; the volume stays."
    return "This runs from its sources: `git pull`, then start it again as before, such as with `make run`."
