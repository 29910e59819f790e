"""An update: from the list of releases to a server that runs the new version, or the old one as if nothing was."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance import schema
from appliance.data_folder import DataFolder
from appliance.file_lock import FileLock, Held
from appliance.releases import fetching, index, outside, rehearsal
from appliance.releases.index import Release, ReleaseFile
from appliance.releases.swapping import Executable
from appliance.releases.values import CannotUpdate
from appliance.services.values import Commands, Manager
from appliance.settings import Settings
from appliance.storage.backups import Backups
from appliance.version import VERSION

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Update:
    """What an update is about: the executable, its settings, and the service that runs it, None where none does.

    `options` are those that the server is started with, without `--data`.
    """

    executable: Executable
    settings: Settings
    options: Sequence[str]
    service: Manager | None
    say: Say

    @property
    def folder(self) -> DataFolder:
        """The server's data folder."""
        return DataFolder(self.settings.data)

    def look(self) -> tuple[Release, ReleaseFile] | None:
        """The newest release above this one with a file for this machine; None where there is none. CannotUpdate."""
        document = fetching.index(self.settings.update_index)
        return index.newest(index.read(document, self.settings.update_key).releases, VERSION)

    def carry_out(self, release: Release, file: ReleaseFile) -> None:
        """Bring the machine to a release. Raises CannotUpdate; the machine is then as it was.

        Nothing is changed before the new version was fetched whole and has started on a copy of the database.
        """
        with self._alone():
            self._fetch(release, file)
            try:
                rehearsal.try_out(self.executable.beside, release.version, self.options, self.folder)
                self.say(f"Dropdock {release.version} starts on a copy of the database.")
                self._exchange(release.version)
            finally:
                self.executable.beside.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.root.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.folder.root / "update.lock") as lock:
                lock.take()
                yield
        except Held as held:
            raise CannotUpdate(f"Another update is under way (process {held.pid}).") from None

    def _fetch(self, release: Release, file: ReleaseFile) -> None:
        beside = self.executable.beside
        try:
            beside.unlink(missing_ok=True)  # of an update that was ended by force
            fetching.executable(file, self.settings.update_index, beside)
            self.executable.take_rights()
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise CannotUpdate(f"{beside} cannot be written ({error.strerror}): run this as root.") from None
        self.say(f"Dropdock {release.version} is here, signed and whole.")

    def _exchange(self, version: str) -> None:
        self._stop()
        try:
            copy = self._snapshot()
        except (sqlite3.Error, OSError) as error:
            self._start()
            raise CannotUpdate(f"The database could not be backed up ({error}). Nothing was changed.") from None
        self.executable.swap()
        if self.service is not None and not self._starts():
            self._stop()
            self.executable.back()
            self._restore(copy)
            self._start()
            raise CannotUpdate(
                f"Dropdock {version} did not get ready within {rehearsal.START_SECONDS:.0f} s; version {VERSION} and "
                "its database are back, and the service was started again. The service's log says what happened."
            )

    def _snapshot(self) -> Path | None:
        database = self.folder.database
        if not database.exists():
            return None
        copy = Backups(self.folder.backups).take(database, VERSION)
        if os.name == "posix" and os.geteuid() == 0:  # whoever the service runs as must be able to use it
            owner = database.stat()
            for path in (self.folder.backups, copy):
                os.chown(path, owner.st_uid, owner.st_gid)
        self.say(f"The database is backed up as {copy}.")
        return copy

    def _restore(self, copy: Path | None) -> None:
        """Bring the database back where the new version has changed what the old one knows of it."""
        database = self.folder.database
        if copy is None or not schema.look(database).unknown:
            return
        owner, beside = database.stat(), database.with_suffix(".back")
        shutil.copyfile(copy, beside)
        beside.chmod(owner.st_mode & 0o777)
        if os.name == "posix" and os.geteuid() == 0:
            os.chown(beside, owner.st_uid, owner.st_gid)
        for log in ("-wal", "-shm"):
            database.with_name(database.name + log).unlink(missing_ok=True)
        beside.replace(database)

    def _starts(self) -> bool:
        try:
            self._start()
        except CannotUpdate:
            return False
        return rehearsal.await_ready(self.folder, self._has_ended)

    def _has_ended(self) -> bool:
        """Whether the service manager knows that the server is gone."""
        if self.service is None:
            return True
        status = subprocess.run(  # noqa: S603 - commands of ours
            self.service.status, check=False, capture_output=True, env=outside.environment()
        )
        return status.returncode != 0

    def _start(self) -> None:
        if self.service is not None:
            _run(self.service.start)

    def _stop(self) -> None:
        if self.service is not None:
            _run(self.service.stop)


def _run(commands: Commands) -> None:
    for command in commands:
        try:
            subprocess.run(  # noqa: S603 - as above
                command, check=True, capture_output=True, text=True, env=outside.environment()
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise CannotUpdate(f"`{' '.join(command)}` failed ({error}): look at the service.") from None
