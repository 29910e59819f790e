"""The one folder everything is kept in: its layout, made and guarded, and what an operator should know of its state."""

import errno
import os
import secrets
import shutil
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from appliance.file_lock import FileLock, Held
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifest, Manifests
from appliance.storage.private import BESIDE
from appliance.storage.recent import Recent

KEY_BYTES = 48  # of randomness: more than HMAC-SHA256 can use
SHORTEST_KEY = 32  # characters; what `secret_key` in the settings has to have as well
LISTED = ".listed"  # no deploy's id ends like this: what senders upload is never taken for a listing
NOT_THERE = "is not there: mount its disk, or move it back"
SPACE_NEEDED = 100_000_000  # bytes; with less, the database itself may soon fail to commit
SERVER_START = 1.0  # seconds to try for the server's lock: looking at it (`dropdock check`) takes it for a moment

log = structlog.get_logger(__name__)


class Unusable(Exception):
    """The data folder, or something in it, cannot be used; `str()` is a sentence that says what to do."""


class InUse(Unusable):
    """Another server uses the folder."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `check` found; `severity` is error (Dropdock cannot work), warning or note; `code` is stable."""

    severity: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where everything stands below `root`; nothing is touched before `create`."""

    root: Path
    _recent: Recent[Manifest] = field(default_factory=Recent, repr=False, compare=False)

    @property
    def database(self) -> Path:
        """Accounts, sites, deploys (SQLite)."""
        return self.root / "dropdock.db"

    @property
    def queue(self) -> Path:
        """The build queue (Huey on SQLite)."""
        return self.root / "queue.db"

    @property
    def blobs(self) -> Path:
        """Content under its SHA-256."""
        return self.root / "blobs"

    @property
    def manifests(self) -> Path:
        """What each deploy contains."""
        return self.root / "manifests"

    @property
    def stored_manifests(self) -> Manifests:
        """The store of them; what was read or written lately is at hand for all who ask this value."""
        return Manifests(self.manifests, self._recent)

    @property
    def incoming(self) -> Path:
        """Uploads being received."""
        return self.root / "incoming"

    @property
    def pending(self) -> Path:
        """Content sent ahead of a deploy, a folder for each account; on the file system of `blobs`, as `work` is."""
        return self.root / "pending"

    def listed(self, deploy: str) -> Path:
        """What a deploy that is to be worked on holds, where its content came ahead; written by this server only."""
        return self.incoming / f"{deploy}{LISTED}"

    @property
    def work(self) -> Path:
        """Workspaces of deploys being made; on the file system of `blobs`, into which their content is renamed."""
        return self.root / "work"

    @property
    def spares(self) -> Path:
        """Empty files that uploads take (`appliance.storage.spares`)."""
        return self.root / "spares"

    @property
    def cache(self) -> Path:
        """Tools, dependencies and what was derived: everything in it can be made again."""
        return self.root / "cache"

    @property
    def build_logs(self) -> Path:
        """What builds printed."""
        return self.root / "logs" / "builds"

    @property
    def certs(self) -> Path:
        """TLS keys and certificates."""
        return self.root / "certs"

    @property
    def backups(self) -> Path:
        """Copies of the database, made before it is migrated."""
        return self.root / "backups"

    @property
    def themes(self) -> Path:
        """The operator's own looks of the admin, where there are any."""
        return self.root / "themes"

    @property
    def secret_key(self) -> Path:
        """The key that signs tokens."""
        return self.root / "secret.key"

    @property
    def lock(self) -> Path:
        """Held by the server that uses this folder."""
        return self.root / "dropdock.lock"

    @property
    def running(self) -> Path:
        """Where that server can be asked (`appliance.presence`)."""
        return self.root / "running.json"

    @property
    def way_in(self) -> Path:
        """The page that leads a browser of this user to its link (`appliance.browser`)."""
        return self.root / "open.html"

    @property
    def traffic(self) -> Path:
        """What each site was asked for, as it was when that was last written (`appliance.tally`)."""
        return self.root / "traffic.jsonl"

    @property
    def usage(self) -> Path:
        """What each site takes of the disk (SQLite); made of the manifests, and made again where it is gone."""
        return self.root / "usage.db"

    @property
    def content_lock(self) -> Path:
        """Held while content must stay or goes: by a backup, and by whoever removes blobs or manifests."""
        return self.root / "content.lock"

    @property
    def restoring(self) -> Path:
        """Here while a backup is being restored, and after that was cut off: nobody may use the folder then."""
        return self.root / "restoring"

    @property
    def damaged(self) -> Path:
        """Blobs that were found to have other bytes than their name says, taken out of the store."""
        return self.root / "damaged"

    @property
    def verified(self) -> Path:
        """What the last verification found (`appliance.safekeeping.records`)."""
        return self.root / "verified.json"

    @property
    def backed_up(self) -> Path:
        """Where the last good backup is, and from when."""
        return self.root / "backed_up.json"

    @property
    def backup_failed(self) -> Path:
        """Why the last backup failed that the server wanted to make, and when."""
        return self.root / "backup_failed.json"

    @property
    def backing_up(self) -> Path:
        """What a backup writes meanwhile that is kept on another machine; its lock and token stand beside it."""
        return self.root / "backing_up"

    @property
    def migration_lock(self) -> Path:
        """Held while the database is made or migrated, by whoever comes first."""
        return self.root / "migrate.lock"

    @property
    def made(self) -> tuple[Path, ...]:
        """The folders that `create` makes, each after the one it stands in."""
        content = (self.blobs, self.manifests, self.incoming, self.pending, self.work, self.spares)
        top = (self.certs, self.backups, *content, self.cache)
        return (self.root, *top, self.build_logs.parent, self.build_logs)

    @property
    def written(self) -> tuple[Path, ...]:
        """Those of them that the server writes to; `certs` may well be an operator's own, mounted to be read only."""
        return tuple(path for path in self.made if path != self.certs)

    def is_there(self) -> bool:
        """Whether it is where it is looked for, once it was made: neither moved away nor a bare mount point. Blocks."""
        return self.blobs.is_dir() and self.manifests.is_dir()

    def refuse_half_restored(self) -> None:
        """Raise Unusable while a backup is being restored into the folder, and after that was cut off."""
        if self.restoring.exists():
            raise Unusable(
                f"A backup is being restored into {self.root}, or that was cut off: wait for it, or run "
                "`dropdock restore` again."
            )

    def refuse_foreign(self) -> None:
        """Raise Unusable where no server can do without something that is there, and not for this user to write to.

        Asked before any is opened: beside a database that cannot be written SQLite makes files that stay so.
        """
        database = [self.database.with_name(self.database.name + end) for end in BESIDE]
        for path in (self.root, *database, self.lock):
            if refusal := refusal_of(path):
                raise Unusable(refusal)

    def create(self) -> None:
        """Make what is missing, for this user alone, also below a root that is open to others. Raises Unusable.

        Drafts and sites behind a gate are nobody else's business on this machine either.
        """
        self.refuse_half_restored()
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            for private in self.made[1:]:
                private.mkdir(exist_ok=True, mode=0o700)
            Blobs(self.blobs).create()
            Manifests(self.manifests).create()
            self.refuse_foreign()
        except OSError as error:
            raise Unusable(explain(error, self.root)) from error

    def clear_scratch(self, keep: set[str]) -> None:
        """Empty `incoming/` and `work/`, left over from a server that was killed, except for the deploys in `keep`."""
        for folder in (self.incoming, self.work):
            for entry in os.scandir(folder):
                if entry.name.removesuffix(LISTED) not in keep:
                    _remove(entry)
        self.stored_manifests.clear_unfinished()

    def claim(self) -> FileLock:
        """Take the folder for one server; two would each serve half of it. Raises InUse (names the other), Unusable."""
        lock = FileLock(self.lock)
        try:
            lock.take(SERVER_START)
        except Held as held:
            who = f"process {held.pid}" if held.pid else "another process"
            raise InUse(
                f"Another Dropdock server ({who}) uses {self.root}: stop it first, or give this one its own folder "
                "with --data."
            ) from held
        except OSError as error:
            raise Unusable(explain(error, self.root)) from error
        return lock


def secret_key(folder: DataFolder, configured: str = "") -> str:
    """The key that signs tokens: `configured`, else the one in the folder, made if there is none. Raises Unusable."""
    if configured:
        return configured
    try:
        if not folder.secret_key.exists():
            _make_key(folder)
        _guard_key(folder.secret_key)
    except OSError as error:
        raise Unusable(explain(error, folder.secret_key)) from error
    return read_key(folder)


def read_key(folder: DataFolder) -> str:
    """The key in the folder, as it is. Raises Unusable where it cannot be one."""
    try:
        key = folder.secret_key.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Unusable(explain(error, folder.secret_key)) from error
    except UnicodeDecodeError:
        key = ""
    if len(key) < SHORTEST_KEY:
        raise Unusable(
            f"{folder.secret_key} is damaged: it is no text of {SHORTEST_KEY} characters or more. Restore it, or "
            "remove it to have a new one made; everybody then has to sign in again, and secret variables and Git "
            "tokens have to be set again."
        )
    return key


def free_space(folder: DataFolder) -> int:
    """Bytes this user may still write to the folder's file system."""
    return shutil.disk_usage(folder.root).free


def write_probe(folder: Path) -> None:
    """Write a byte to the folder and take it back; raises OSError that names the folder, not the file tried."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
            probe.flush()
    except OSError as error:
        error.filename = str(folder)
        raise


def refusal_of(path: Path) -> str:
    """A sentence where something is there, and not for this user to read and write; the file is not opened for that."""
    if not path.exists() or os.access(path, os.R_OK | os.W_OK):
        return ""
    read_only = os.name == "posix" and os.statvfs(path).f_flag & os.ST_RDONLY
    return explain(OSError(errno.EROFS if read_only else errno.EACCES, ""), path)


def explain(error: OSError, path: Path) -> str:
    """A sentence for what the operating system said of something in the data folder."""
    where = error.filename or path
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return f"No permission to use {where}: give it to this user, run Dropdock as its owner, or change --data."
        case errno.EROFS:
            return f"{where} is on a read-only file system: mount it writable, or change --data."
        case errno.ENOSPC | errno.EDQUOT:
            return f"No space left for {where}: free some, or change --data."
        case errno.ENOENT if not Path(where).exists():  # else the system wants nothing made there, as in /proc
            return f"{where} {NOT_THERE}."
        case errno.ENOTDIR | errno.EEXIST:
            return f"{where} cannot be made: a file stands where a folder should be. Remove it, or change --data."
    return f"{where} cannot be used: {error.strerror or error}."


def _remove(entry: "os.DirEntry[str]") -> None:
    if entry.is_dir(follow_symlinks=False):
        shutil.rmtree(entry.path)
    else:
        Path(entry.path).unlink()


def _make_key(folder: DataFolder) -> None:
    """Write the key beside and link it into place: of two that start at once, one key wins and both read it."""
    descriptor, name = tempfile.mkstemp(dir=folder.root, prefix=".secret.key.")  # 0600
    beside = Path(name)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        folder.secret_key.hardlink_to(beside)
        log.info("secret_key_made", path=str(folder.secret_key))
    except FileExistsError:
        pass  # the other one was first
    finally:
        beside.unlink()


def _guard_key(path: Path) -> None:
    """Nobody else may read the key; a copied or restored one often can be, so mend that and say it."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        path.chmod(0o600)
        log.warning("secret_key_was_readable_by_others", path=str(path), mode=f"{mode:04o}", mended="0600")
