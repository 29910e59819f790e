"""Why a server would not start: each look that `serve` takes before it listens, with nothing made, changed or held."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from appliance import open_files, schema, strangers, upgrade
from appliance.certificates import NoCertificate
from appliance.countries import NoCountries
from appliance.data_folder import DataFolder, Finding, Unusable, read_key
from appliance.file_lock import FileLock
from appliance.listening import CannotListen, listen
from appliance.settings import Settings
from appliance.units import Address
from appliance.ways_in import check_access_log, countries_of

TOLD_ELSEWHERE = (schema.Unreadable, OSError)  # by the looks at the data folder, which may not even be there

UNPRIVILEGED = 1024  # the first port that takes no right, on systems where the others do


class CannotStart(Exception):
    """The server refuses to start; `str()` is a sentence that says what to do."""


def check_expected(settings: Settings, folder: DataFolder) -> None:
    """Raise CannotStart where there has to be an installation, and is none: a new one in its place would be empty."""
    if settings.expect_data and _is_missing(folder.database):
        raise CannotStart(
            f"{folder.root} holds no installation, and expect_data says there is one: mount its disk, or change "
            "--data. To begin a new one there, make an account with `dropdock account create`, or restore a backup."
        )


def check_reach(settings: Settings, *, set_up_open: bool) -> None:
    """Raise CannotStart where others could make the first account."""
    addresses = [address for address in (settings.listen, settings.listen_tls) if address]
    far = [address for address in addresses if not address.is_loopback]
    if set_up_open and far and not settings.listen_without_account:
        raise CannotStart(
            f"{far[0]} can be reached from other machines, but there is no account yet: make one first with "
            "`dropdock account create --email YOU --role operator`, or set listen_without_account = true."
        )


def findings(settings: Settings, folder: DataFolder, admin: Callable[[Settings], list[Finding]]) -> list[Finding]:
    """What a start would be refused for, or warn of; `admin` looks at what the admin is made of, and raises Unusable.

    Beside the looks at the folder itself and at certificates, which say more than a start does. Blocking.
    """
    looks: list[Callable[[], list[Finding]]] = [
        partial(_silent, strangers.refuse, folder),
        partial(_silent, check_expected, settings, folder),
        partial(_silent, folder.refuse_half_restored),
        partial(_silent, folder.refuse_foreign),
        partial(_key, settings, folder),
        partial(_silent, _room, folder),
        partial(_silent, _reach, settings, folder),
        partial(_files, settings),
        partial(_ports, settings, folder),
        partial(_silent, check_access_log, settings, folder),
        partial(_silent, countries_of, settings, folder),
        partial(admin, settings),
    ]
    return [finding for look in looks for finding in _found(look)]


def _is_missing(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        pass  # told by who makes the folder
    return False


def _found(look: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return look()
    except (CannotStart, CannotListen, NoCertificate, NoCountries, Unusable) as error:
        return [Finding("error", "cannot_start", str(error))]
    except TOLD_ELSEWHERE:
        return []


def _silent(look: Callable[..., object], *given: object) -> list[Finding]:
    """A look that has nothing to say but what it raises."""
    look(*given)
    return []


def _key(settings: Settings, folder: DataFolder) -> list[Finding]:
    if not settings.secret_key and folder.secret_key.exists():
        read_key(folder)
    return []


def _room(folder: DataFolder) -> None:
    state = schema.look(folder.database)
    if state.applied and state.pending:
        upgrade.check_room(folder)


def _reach(settings: Settings, folder: DataFolder) -> None:
    check_reach(settings, set_up_open=not schema.has_accounts(folder.database))


def _files(settings: Settings) -> list[Finding]:
    """As a server started here would find it; a service has limits of its own."""
    open_files.raise_limit(settings.connections)
    shortage = open_files.shortage(settings.connections)
    return [Finding("warning", "few_connections", shortage)] if shortage else []


def _ports(settings: Settings, folder: DataFolder) -> list[Finding]:
    """Listen for a moment, unless the folder's server does: then the ports are its own."""
    if FileLock(folder.lock).holder() is not None:
        return []
    with ExitStack() as stack:
        return [
            found for address in (settings.listen, settings.listen_tls) if address for found in _port(address, stack)
        ]


def _port(address: Address, stack: ExitStack) -> list[Finding]:
    try:
        listening = listen(address)
    except CannotListen as error:
        if not 0 < address.port < UNPRIVILEGED:
            raise
        return [Finding("warning", "port_needs_right", str(error))]  # a service may have the right that we have not
    stack.callback(listening.close)
    if address.port in {0, listening.port}:
        return []
    said = f"Port {address.port} is taken by another program: a start now would listen on {listening.port} instead."
    return [Finding("warning", "port_taken", said)]
