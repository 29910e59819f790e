"""A bucket of an S3-compatible store as a place for backups; imported only where an address asks for one."""

import contextlib
import ipaddress
import re
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import certifi
import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from appliance.file_lock import FileLock, Held
from appliance.safekeeping.copying import Hashed, hash_of
from appliance.safekeeping.items import Refused
from appliance.safekeeping.leases import NAME as LEASE
from appliance.safekeeping.leases import Lease
from appliance.safekeeping.naming import Names, names
from appliance.safekeeping.places import Means
from appliance.settings import Settings

STREAMS = 8  # files sent or read at a time: most are small, and each waits for an answer
PART = 5 * 1024 * 1024  # bytes sent in one request
PARTS = 2  # of one file at a time, so that what is sent takes no more than STREAMS x (PARTS + 1) x PART of memory
MOST_PARTS = 9_000  # of one file; S3 takes 10,000
PIECE = 1024 * 1024  # bytes received at a time
MOST_WAITING = 256 * 1024 * 1024  # bytes of files that wait to be sent
LISTED = 1_000  # names asked for at a time, as many as S3 gives
CONNECT = timedelta(seconds=10)
REQUEST = timedelta(minutes=15)  # a part over a very slow line
_ADDRESS = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?P<prefix>(?:/[\w.=+-]+)*)/?", re.ASCII)
_OURS = {"objects", "snapshots", "identity.age", LEASE}
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_CERTIFICATE = re.compile(r"\b(InvalidCertificate)\(")
_WORDS = {
    ("",): (
        "{server} does not answer, or broke off, at {address}: check its address (backup_s3_endpoint) and the network, "
        "and try again."
    ),
    ("NoSuchBucket",): "{server} has no bucket for {address}: make it first, or correct the name.",
    ("InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "401"): (
        "{server} does not accept the credentials for {address} ({known}): check AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, or backup_s3_key_id and backup_s3_secret."
    ),
    ("AccessDenied", "AllAccessDisabled", "AccountProblem", "403"): (
        "{server} refuses access to {address} ({known}): the key has to be allowed to list, read, write and delete "
        "there."
    ),
    ("PermanentRedirect", "AuthorizationHeaderMalformed", "301"): (
        "The bucket of {address} is in another region ({known}): set backup_s3_region to its region."
    ),
    ("InvalidCertificate",): (
        "{server} does not prove by its certificate that it is that server: correct its address, or name the file of "
        "the authority that signed it in AWS_CA_BUNDLE."
    ),
    ("RequestTimeTooSkewed",): "{server} says that this machine's clock is wrong: set it right.",
    ("NotImplemented", "501"): "{server} has no conditional writes, which backups need: use another store.",
}
_OTHER_WAYS_IN = (  # to credentials, which the library knows by itself
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


def place(address: str, means: Means) -> "Bucket":
    """The bucket and prefix that an address names; raises Refused."""
    found = _ADDRESS.fullmatch(address)
    if found is None or {".", ".."} & set(found["prefix"].split("/")):
        raise Refused(  # without the address: it may hold a key
            "A bucket is named s3://bucket or s3://bucket/prefix, in plain letters; keys and the server's address "
            "belong in the settings (backup_s3_…) or in AWS_… variables."
        )
    endpoint = _endpoint(means.settings, means.environment)
    store = S3Store(
        found["bucket"],
        prefix=found["prefix"].strip("/") or None,
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": CONNECT,
            "timeout": REQUEST,
            "user_agent": "dropdock",
            "root_certificate": _authorities(means.environment),
        },
        retry_config={"retry_timeout": timedelta(seconds=means.settings.backup_s3_patience)},
        **_credentials(means.settings, means.environment),  # type: ignore[arg-type]  # a provider, or nothing
        **({"endpoint": endpoint} if endpoint else {}),  # type: ignore[arg-type]  # as above
        **({"region": means.settings.backup_s3_region} if means.settings.backup_s3_region else {}),  # type: ignore[arg-type]  # as above
    )
    return Bucket(f"s3://{found['bucket']}{found['prefix']}", store, endpoint or "Amazon S3", means.scratch)


class Bucket:
    """What is below one prefix of a bucket; nothing is asked of the server before it is used."""

    streams = STREAMS

    def __init__(self, address: str, store: S3Store, server: str, scratch: Path) -> None:
        self.address = address
        self.scratch = scratch
        self._store = store
        self._server = server
        self._lock = FileLock(scratch.with_suffix(".lock"))
        self._lease = Lease(store, address, scratch.with_suffix(".token"))
        self._known: Names | None = None
        self._stack = contextlib.ExitStack()
        self._sending: deque[tuple[Future[None], int]] = deque()
        self._waiting = 0

    def __enter__(self) -> Self:
        """Raises Refused where there is something else, or another backup is under way."""
        with contextlib.ExitStack() as stack:
            self._claim(stack)
            with self._told():
                if not self.top() <= _OURS:
                    raise Refused(f"{self.address} is not empty and holds no backups of Dropdock: name another prefix.")
                self._lease.take()
            stack.callback(self._lease.release)
            self._threads = ThreadPoolExecutor(STREAMS)
            stack.callback(self._threads.shutdown, cancel_futures=True)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        self._known = None
        self._sending.clear()
        self._waiting = 0

    def top(self) -> set[str]:
        """The first parts of names."""
        with self._told():
            found = obstore.list_with_delimiter(self._store)
        return {*found["common_prefixes"], *(each["path"] for each in found["objects"])}

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """By as many requests as it takes."""
        with self._told():
            for some in obstore.list(self._store, folder, chunk_size=LISTED):
                yield from ((each["path"], each["size"]) for each in some)

    def size(self, name: str) -> int | None:
        """As it was when this was first asked, and what was put since: one listing, not a question for each."""
        if self._known is None:
            self._known = self._stack.enter_context(names(self.scratch, "known.db"))
            self._known.add((name.rpartition("/")[2], size) for name, size in self.files("objects") if _is_object(name))
        return self._known.size(name.rpartition("/")[2])

    @contextlib.contextmanager
    def read(self, name: str) -> Iterator["_Stream"]:
        """In one request."""
        with self._told():
            pieces = iter(obstore.get(self._store, name).stream(PIECE))
        yield _Stream(pieces, self._told)

    def put(self, name: str, file: Path) -> None:
        """Have it sent, and wait where too much waits to be."""
        size = file.stat().st_size
        while self._sending and (len(self._sending) >= 2 * STREAMS or self._waiting + size > MOST_WAITING):
            self._wait_for_one()
        self._sending.append((self._threads.submit(self._send, name, file, size), size))
        self._waiting += size
        if self._known is not None and _is_object(name):
            self._known.add([(name.rpartition("/")[2], size)])

    def settle(self) -> None:
        """Wait until all is sent."""
        while self._sending:
            self._wait_for_one()

    def create(self, name: str, file: Path) -> None:
        """By a conditional put: in one request, from memory."""
        self.settle()
        self._lease.check()
        try:
            with self._told():
                obstore.put(self._store, name, file, mode="create")
        except AlreadyExistsError:
            if not self._has(name, file):
                raise FileExistsError(name) from None
        file.unlink()

    def remove(self, names: Iterable[str]) -> None:
        """A thousand in a request."""
        paths = list(names)
        if paths:
            self._lease.check()
            with self._told():
                obstore.delete(self._store, paths)

    def _claim(self, stack: contextlib.ExitStack) -> None:
        try:
            self._lock.take()
        except Held as held:
            raise Refused(f"Another backup into a bucket is under way here ({held}): wait for it.") from held
        stack.callback(self._lock.release)
        shutil.rmtree(self.scratch, ignore_errors=True)  # left by one that was killed
        self.scratch.mkdir(mode=0o700, parents=True)
        stack.callback(shutil.rmtree, self.scratch, ignore_errors=True)

    def _send(self, name: str, file: Path, size: int) -> None:
        with self._told():
            part = max(PART, -(-size // MOST_PARTS))
            obstore.put(self._store, name, file, chunk_size=part, max_concurrency=PARTS)
        file.unlink()

    def _has(self, name: str, file: Path) -> bool:
        """Whether this very file is there: it may have come, and the answer have been lost."""
        with self.read(name) as stream:
            sent = Hashed(stream, file.stat().st_size + 1)
            sent.read_out()
        return sent.sha256 == hash_of(file)

    def _wait_for_one(self) -> None:
        sent, size = self._sending.popleft()
        self._waiting -= size
        sent.result()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the library in words, without theirs: these hold whole requests and answers."""
        try:
            yield
        except AlreadyExistsError:
            raise
        except BaseError as error:
            raise Refused(self._words_for(str(error))) from None
        except FileNotFoundError as error:
            if "<Code>NoSuchBucket<" in str(error):
                raise Refused(self._words_for(str(error))) from None
            raise FileNotFoundError(f"{self.address} has not got it") from None

    def _words_for(self, said: str) -> str:
        found = _CODE.search(said) or _STATUS.search(said) or _CERTIFICATE.search(said)
        known = found[1] if found else ""
        return _words(known).format(server=self._server, address=self.address, known=known)


def _words(known: str) -> str:
    """What an error of S3's is about, by its code or else its status; empty where there was no answer."""
    for codes, words in _WORDS.items():
        if known in codes:
            return words
    return "{server} failed ({known}) at what was asked of {address}: try again later."


class _Stream:
    """Pieces as they come, read in other sizes."""

    def __init__(self, pieces: Iterator[bytes], told: Callable[[], AbstractContextManager[None]]) -> None:
        self._pieces = pieces
        self._told = told
        self._left = memoryview(b"")

    def read(self, at_most: int = -1) -> bytes:
        """So many bytes at most, one piece without a number; raises Refused where the connection breaks off."""
        while not self._left:
            with self._told():
                piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = memoryview(piece)
        end = len(self._left) if at_most < 0 else at_most
        given, self._left = self._left[:end], self._left[end:]
        return bytes(given)


def _is_object(name: str) -> bool:
    """Whether it is one of ours: anything else below `objects/` is nobody's."""
    return re.fullmatch(r"objects/([0-9a-f]{2})/\1[0-9a-f]{62}", name) is not None


def _endpoint(settings: Settings, environment: Mapping[str, str]) -> str:
    """The server's address; empty for Amazon's own. Raises Refused for plain HTTP to another machine."""
    found = settings.backup_s3_endpoint or environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if not found:
        return ""
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise Refused("backup_s3_endpoint (or AWS_ENDPOINT_URL) is an address such as https://s3.example.org.")
    if parts.scheme == "http" and not settings.backup_s3_plain_http and not _is_loopback(parts.hostname):
        raise Refused(
            f"{parts.hostname} is asked for over plain HTTP, which others on the way can read: use https://, or set "
            "backup_s3_plain_http where the network is yours alone."
        )
    return found.rstrip("/")


def _authorities(environment: Mapping[str, str]) -> bytes:
    """Who is trusted to sign the server's certificate, beside those that the system trusts, if it has a list."""
    found = Path(certifi.where()).read_bytes()
    own = environment.get("AWS_CA_BUNDLE")
    try:
        return found + Path(own).read_bytes() if own else found
    except OSError:
        raise Refused(f"AWS_CA_BUNDLE names {own}, which cannot be read: correct it.") from None


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _credentials(settings: Settings, environment: Mapping[str, str]) -> dict[str, object]:
    """Handed over by a function, so that the library neither shows them nor mixes in those of the environment."""
    if settings.backup_s3_key_id:
        key, secret, token = settings.backup_s3_key_id, settings.backup_s3_secret, None
    else:
        key, secret = environment.get("AWS_ACCESS_KEY_ID", ""), environment.get("AWS_SECRET_ACCESS_KEY", "")
        token = environment.get("AWS_SESSION_TOKEN") or None
    if key and secret:
        given = {"access_key_id": key, "secret_access_key": secret, "token": token, "expires_at": None}
        return {"credential_provider": lambda: given}
    if any(environment.get(name) for name in _OTHER_WAYS_IN):
        return {}
    raise Refused(
        "There are no credentials for the bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, "
        "or backup_s3_key_id and backup_s3_secret."
    )
