"""Fetches the list of releases and an executable, over HTTPS, within bounds, and nothing that is not whole."""

import hashlib
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin

import certifi
import httpx

from appliance.releases.index import ReleaseFile
from appliance.releases.values import CannotUpdate
from appliance.units import safe_url

LONGEST_INDEX = 1_000_000  # bytes; a release takes some 1,000
LARGEST = 500_000_000  # bytes of an executable; ours have some 40 MB
PATIENCE = 30.0  # seconds without a byte
HOPS = 5  # redirects, as release pages have them


def index(url: str) -> bytes:
    """The list at `url`. Raises CannotUpdate."""
    document = b""
    with _answer(url) as pieces:
        for piece in pieces:
            document += piece
            if len(document) > LONGEST_INDEX:
                raise CannotUpdate(f"{url} is longer than {LONGEST_INDEX} bytes: it is no list of releases.")
    return document


def executable(file: ReleaseFile, base: str, target: Path) -> None:
    """Fetch a file that the list at `base` names to `target`, which is there only when it is the one that was signed.

    Raises CannotUpdate, and OSError for what cannot be written.
    """
    url = urljoin(base, file.url)
    if file.size > LARGEST:
        raise CannotUpdate(f"{url} is said to have {file.size} bytes, more than any executable. Nothing was changed.")
    try:
        with target.open("xb") as written, _answer(url) as pieces:
            _take(pieces, file, written.fileno(), url)
            os.fsync(written.fileno())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _take(pieces: Iterator[bytes], file: ReleaseFile, written: int, url: str) -> None:
    size, digest = 0, hashlib.sha256()
    for piece in pieces:
        size += len(piece)
        if size > file.size:
            break
        digest.update(piece)
        os.write(written, piece)
    if size != file.size:
        raise CannotUpdate(
            f"{url} came with {'more' if size > file.size else 'less'} than its {file.size} bytes: try again. "
            "Nothing was changed."
        )
    if digest.hexdigest() != file.sha256:
        raise CannotUpdate(f"{url} is not the file that was signed (its SHA-256 differs). Nothing was changed.")


@contextmanager
def _answer(url: str) -> Iterator[Iterator[bytes]]:
    """The pieces of the body of an answer that is a success; every hop on the way there is a safe address."""
    try:
        with httpx.Client(verify=_trust(), timeout=PATIENCE, headers={"Accept-Encoding": "identity"}) as client:
            for _ in range(HOPS):
                with client.stream("GET", _safe(url)) as response:
                    if response.has_redirect_location:
                        url = urljoin(url, response.headers["location"])
                        continue
                    response.raise_for_status()
                    yield response.iter_raw()
                    return
    except httpx.HTTPStatusError as error:
        raise CannotUpdate(f"{url} answered {error.response.status_code}. Nothing was changed.") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise CannotUpdate(f"{url} could not be fetched whole ({reason}): try again. Nothing was changed.") from None
    raise CannotUpdate(f"{url} leads from one address to the next. Nothing was changed.")


def _safe(url: str) -> str:
    try:
        return safe_url(url)
    except ValueError:
        raise CannotUpdate(f"{url} is no https address, so nothing is fetched from it.") from None


def _trust() -> ssl.SSLContext:
    """Whom Mozilla trusts, and whom this machine does: an executable may run where the system keeps no list."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
