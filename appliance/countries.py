"""Where a visitor is: as a trusted proxy says, or by a GeoIP file in the MaxMind DB format."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import maxminddb
import structlog

from appliance.file_watch import LOOK_SECONDS, FileWatch, stamp
from appliance.serving.visitor import Visitor

log = structlog.get_logger(__name__)

_REMEMBERED = 16_384  # addresses


class NoCountries(Exception):
    """The GeoIP file cannot be used; `str()` is a sentence that names it and says why."""


class Countries:
    """Tells visitors' countries, as two capital letters (ISO 3166-1), "" where that is not known.

    The file is held in memory: one that is written over in place must not take the server with it, as a mapped one
    would. It is read again when it changes; while it cannot be read, the one before stays in force.
    """

    def __init__(self, path: Path | None = None, look_seconds: float = LOOK_SECONDS) -> None:
        """Read the file, if there is one; raises NoCountries."""
        self._path = path
        self._seen = stamp(path) if path else None
        self._reader = _read(path) if path else None
        self._find = lru_cache(_REMEMBERED)(self._look_up)
        self._watch = FileWatch("countries", self.look, look_seconds)

    def of(self, visitor: Visitor) -> str:
        """Where a visitor is; what the proxy said goes before the file."""
        return visitor.country or self._find(visitor.address)

    def start(self) -> None:
        """Begin to look at the file."""
        if self._path is not None:
            self._watch.start()

    def stop(self) -> None:
        """Look no more."""
        self._watch.stop()

    def look(self) -> None:
        """Read the file again if it has changed since it was last looked at; blocking."""
        if self._path is None or stamp(self._path) == self._seen:
            return
        self._seen = stamp(self._path)
        try:
            self._reader = _read(self._path)
        except NoCountries as error:
            log.error("countries_not_reloaded", reason=str(error))  # noqa: TRY400 - the reason is all there is to it
        else:
            self._find.cache_clear()
            log.info("countries_reloaded", file=str(self._path))

    def _look_up(self, address: str) -> str:
        if self._reader is None:
            return ""
        try:
            return _code(self._reader.get(address))
        except ValueError:  # no address, or one of IPv6 while the file knows only the others
            return ""


def _read(path: Path) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NoCountries(f"The GeoIP file {path} (geoip_file) cannot be used: {reason}.") from error


def _code(record: Any) -> str:  # noqa: ANN401 - whatever the file's makers put into it
    """The country in a record: `{"country": {"iso_code": …}}`, or flat as `country_code` or `country`."""
    if not isinstance(record, dict):
        return ""
    country = record.get("country")
    found = country.get("iso_code") if isinstance(country, dict) else record.get("country_code") or country
    return found.upper() if isinstance(found, str) and len(found) == 2 else ""
