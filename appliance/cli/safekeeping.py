"""`backup`, `restore`, `verify`: nothing is lost, and what is damaged is found."""

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from appliance import strangers
from appliance.cli import options
from appliance.cli.output import Failure, counted, moment, plain, show, size, tell
from appliance.data_folder import DataFolder, Unusable
from appliance.safekeeping import records, restoring
from appliance.safekeeping.archives import Archive
from appliance.safekeeping.backups import Backups
from appliance.safekeeping.examining import Damage, Pace
from appliance.safekeeping.items import Refused
from appliance.safekeeping.outlook import means_of
from appliance.safekeeping.places import Means, place_of
from appliance.safekeeping.records import BackedUp
from appliance.safekeeping.sources import source_of
from appliance.safekeeping.taking import Taken, take
from appliance.safekeeping.targets import Target, is_archive
from appliance.safekeeping.verifying import verify as verify_folder
from appliance.settings import Settings
from appliance.units import Size

MOST_SHOWN = 1_000  # damages printed, one a line

Result = TypeVar("Result")


class _Rate(click.ParamType[Size]):
    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Size:
        try:
            return Size.parse(value)
        except ValueError as error:
            self.fail(f"{value!r} {error}", param, ctx)


passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help="File whose first line is the passphrase of the backup.  [default: backup_passphrase_file]",
)


@click.command()
@click.argument("to", metavar="FILE|DIR|s3://…")
@click.option("--without-secrets", is_flag=True, help="Leave out secret.key, certs and appliance.toml.")
@click.option("--rehearse", is_flag=True, help="Restore it to a scratch folder, and check that.")
@click.option("--keep", type=click.IntRange(min=1), help="Of a folder of backups, or a bucket, keep only so many.")
@passphrase_option
@options.config
@options.data
def backup(  # noqa: PLR0913, PLR0917 - what a command takes is what its options are
    to: str,
    without_secrets: bool,
    rehearse: bool,
    keep: int | None,
    passphrase_file: Path | None,
    config: Path | None,
    data: Path | None,
) -> None:
    """Back up the data directory, while the server runs or not.

    A name that ends in .tar or .tar.zst means one file, which is replaced; encrypted, it ends in .age.tar. Any other is
    a folder of backups, or a bucket: each backup holds everything, and only what is new is written.
    """
    settings = options.settings(config, {"data": data})
    folder = DataFolder(settings.data)
    _refusable(lambda: strangers.refuse(folder))
    means = _refusable(lambda: means_of(settings, passphrase_file))
    target = _refusable(lambda: _target(to, folder, keep, means))
    taken = _refusable(lambda: take(folder, target, secrets=not without_secrets))
    if rehearse:
        _refusable(lambda: _rehearse(target, taken, means))
    records.keep(folder.backed_up, BackedUp(datetime.now(UTC), taken.place, taken.files, taken.bytes, rehearse))
    if keep is not None:
        _refusable(lambda: _prune(target, keep))
    new = f"{taken.new_files:,} ({size(taken.new_bytes)}) {'is' if taken.new_files == 1 else 'are'} new"
    show(f"{taken.place}: {counted(taken.files, 'file')}, {size(taken.bytes)}; {new}.")
    tell(_advice(settings, means, without_secrets=without_secrets))


@click.command()
@click.argument("source", metavar="FROM")
@passphrase_option
@options.config
@options.data
def restore(source: str, passphrase_file: Path | None, config: Path | None, data: Path | None) -> None:
    """Restore a backup into a new or empty data directory.

    FROM is a file, a folder of backups or a bucket (the newest of them), or one of the .list files in its snapshots
    folder. Every hash is checked, the database, and that all it names is there, before anything is put in place.
    """
    settings = options.settings(config, {"data": data})
    means = _refusable(lambda: means_of(settings, passphrase_file))
    folder = DataFolder(settings.data)
    head = _refusable(lambda: restoring.restore(source_of(source, means), folder))
    show(f"Restored the backup of {moment(head.taken_at)} UTC into {settings.data}.")
    if not head.secrets:
        tell("It came without secret.key: people sign in again, and Git access tokens have to be set again.")
    if owner := strangers.other_owner(folder):
        tell(f"It is root's now: `chown -R {owner}: {settings.data}` before a server of that user starts on it.")


@click.command()
@click.option("--rate", type=_Rate(), default="0", help="Bytes to read a second, such as 50MB.  [default: all it can]")
@click.option("--repair-from", metavar="BACKUP", help="Put back from it what is damaged or missing.")
@click.option("--backup", "only", metavar="FROM", help="Check this backup instead, where it lies; writes nothing.")
@passphrase_option
@options.config
@options.data
def verify(
    rate: Size,
    repair_from: str | None,
    only: str | None,
    passphrase_file: Path | None,
    config: Path | None,
    data: Path | None,
) -> int:
    """Check every stored byte, while the server runs or not.

    Content against its hash, the database, and that everything deploys name is there. Content that is damaged is taken
    out of the store, to <data>/damaged: it is never served. Exit code 1 when something is damaged still.
    """
    settings = options.settings(config, {"data": data})
    if only is not None:
        if repair_from is not None:
            raise Failure("--backup checks a backup, --repair-from the data directory: one after the other.")
        return _refusable(lambda: _check(only, means_of(settings, passphrase_file)))
    folder = DataFolder(settings.data)
    if not folder.database.exists():
        raise Failure(f"There is nothing in {folder.root}: name the server's data directory with --data.")
    _refusable(lambda: strangers.refuse(folder))
    shown = _Shown()
    means = _refusable(lambda: means_of(settings, passphrase_file if repair_from else None))
    source = _refusable(lambda: source_of(repair_from, means)) if repair_from else None
    done = _refusable(lambda: verify_folder(folder, Pace(rate), shown, source))
    if shown.count > MOST_SHOWN:
        tell(f"… and {shown.count - MOST_SHOWN} more.")
    result = done.verified
    read = f"{counted(result.files, 'file')}, {size(result.bytes)} read"
    show(f"{read}: {counted(shown.count, 'damage')}, {counted(done.mended, 'file')} put back.")
    if not result.damaged:
        return 0
    if shown.database:
        tell("The database is damaged: stop the server and restore a backup into a new folder (dropdock restore).")
    still = counted(result.damaged, "file is", "files are")
    tell(f"{still} damaged or missing still: give a backup with --repair-from, or deploy again.")
    return 1


def _check(address: str, means: Means) -> int:
    """Check a backup; 1 when something is damaged."""
    with tempfile.TemporaryDirectory() as scratch:
        found = source_of(address, means).check(Path(scratch), lambda fault: show(plain(fault)))
    when = f"The backup of {moment(found.head.taken_at)} UTC"
    read = f"{counted(found.files, 'file')}, {size(found.bytes)} read"
    show(f"{when}: {read}: {counted(found.damaged, 'damage')}.")
    if found.damaged:
        tell("Have the next ones made in a new place: what a place has got is not written again.")
    return int(bool(found.damaged))


class _Shown:
    """Prints damages as they are found, up to a number."""

    def __init__(self) -> None:
        self.count = 0
        self.database = False

    def __call__(self, damage: Damage) -> None:
        self.count += 1
        self.database |= damage.kind == "database"
        if self.count <= MOST_SHOWN:
            show(plain(str(damage)))


def _target(to: str, folder: DataFolder, keep: int | None, means: Means) -> Target:
    if is_archive(to):
        if keep is not None:
            raise Refused("--keep is for a folder of backups: a file is one backup, and the next replaces it.")
        return Archive(Path(to), means)
    if "://" not in to and os.path.realpath(to) == os.path.realpath(folder.root):
        raise Refused("The data directory cannot hold its own backups: name a folder elsewhere, best on another disk.")
    return Backups(place_of(to, means), means)


def _rehearse(target: Target, taken: Taken, means: Means) -> None:
    with target:
        restoring.rehearse(source_of(taken.place, means), target.scratch)


def _prune(target: Target, keep: int) -> None:
    if isinstance(target, Backups):
        with target:
            target.prune(keep)


def _advice(settings: Settings, means: Means, *, without_secrets: bool) -> str:
    """What the person who made a backup should know of it."""
    if without_secrets:
        return "Without secret.key: Git access tokens and signed-in sessions will not work where this is restored."
    if means.passphrase:
        return "It opens with the passphrase only: keep that somewhere else, and not on this machine alone."
    if settings.secret_key:
        return "The secret key is in your settings, not in the backup: keep that as well."
    return "It holds the secret key and password hashes: keep it where nobody else can read it."


def _refusable(work: Callable[[], Result]) -> Result:
    try:
        return work()
    except (Refused, Unusable) as error:
        raise Failure(str(error)) from None
