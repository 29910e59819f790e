"""What visitors come in by: sockets and certificates, and what is settled on proxies, HTTPS and the access log."""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from appliance import open_files
from appliance.access_log import FORMS, AccessLog
from appliance.certificates import Certificates, pairs_of
from appliance.countries import Countries
from appliance.data_folder import DataFolder, write_probe
from appliance.listening import CannotListen, Listening, listen
from appliance.proxies import Proxies
from appliance.serving.entrances import Entrances
from appliance.serving.limits import DoorLimits
from appliance.serving.secure import Policy
from appliance.serving.visitor import Reception, Scribe
from appliance.settings import Settings
from appliance.units import Address

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """`plain` listens, and `tls` where the settings ask for it, with its certificates; `port` is the one people see."""

    plain: Listening
    tls: Listening | None
    certificates: Certificates | None
    reception: Reception
    access_log: AccessLog | None
    port: int

    @classmethod
    def of(cls, settings: Settings, folder: DataFolder, stack: ExitStack) -> "WaysIn":
        """Bind, read and open everything; `stack` gives it up. Raises CannotListen, NoCertificate, NoCountries."""
        plain = _listen(settings.listen, stack)
        certificates = certificates_of(settings, folder, stack) if settings.listen_tls else None
        tls = _listen(settings.listen_tls, stack) if settings.listen_tls else None
        seen = tls if tls and settings.public_scheme == "https" else plain
        access_log = _access_log(settings, folder, stack)
        reception = reception_of(settings, folder, _https_port(settings, tls), access_log, stack)
        return cls(plain, tls, certificates, reception, access_log, seen.port)


def _listen(address: Address, stack: ExitStack) -> Listening:
    listening = listen(address)
    stack.callback(listening.close)
    if address.port not in {0, listening.port}:
        log.warning("port_taken", wanted=address.port, port=listening.port)  # a proxy still asks at the one wanted
    return listening


def certificates_of(settings: Settings, folder: DataFolder, stack: ExitStack) -> Certificates:
    """The certificates that the settings name, kept up to date until `stack` ends. Raises NoCertificate."""
    pairs = pairs_of(folder.certs, settings.tls_certificate, settings.tls_key, settings.tls_hosts)
    certificates = Certificates(pairs)
    certificates.start()
    stack.callback(certificates.stop)
    return certificates


def reception_of(
    settings: Settings, folder: DataFolder, https_port: int, access_log: Scribe | None, stack: ExitStack
) -> Reception:
    """What is settled on proxies, HTTPS, the access log and countries, kept up to date until `stack` ends.

    `https_port` is where plain HTTP is sent, 0 for nowhere. Raises NoCountries.
    """
    countries = countries_of(settings, folder)
    countries.start()
    stack.callback(countries.stop)
    proxies = Proxies(settings.trusted_proxies, settings.country_header)
    return Reception(proxies, Policy(https_port, settings.hsts.encode("ascii")), access_log, countries)


def countries_of(settings: Settings, folder: DataFolder) -> Countries:
    """What tells where visitors are. Raises NoCountries."""
    return Countries(folder.root / settings.geoip_file if settings.geoip_file else None)


def entrances_of(settings: Settings, gate_key: bytes, *, https: bool, proofs_key: bytes = b"") -> Entrances:
    """The gates, of which there are none yet, with this installation's customs."""
    return Entrances(
        key=gate_key,
        session=int(settings.gate_session),
        secure=https,
        force=settings.force_gate,
        proofs_key=proofs_key,
    )


def tell_lost(path: str, reason: str) -> None:
    """Log that content cannot be read."""
    log.error("blob_lost", path=path, reason=reason)


def door_limits_of(settings: Settings) -> DoorLimits:
    """The bounds on connections and requests, as the front door takes them: within what the system lets us open."""
    return DoorLimits(
        head=settings.head_size,
        head_seconds=settings.head_timeout,
        keep_alive_seconds=settings.keep_alive,
        stall_seconds=settings.stall_timeout,
        connections=open_files.room_for(settings.connections),
        connections_per_address=settings.connections_per_address,
    )


def _https_port(settings: Settings, tls: Listening | None) -> int:
    """Where plain HTTP is sent: the port people see, else the one we listen on, else the scheme's; 0 for nowhere."""
    if not settings.https_redirect:
        return 0
    if settings.public_scheme == "https" and settings.public_port:
        return settings.public_port
    return tls.port if tls else 443


def check_access_log(settings: Settings, folder: DataFolder) -> None:
    """Raise CannotListen where the access log could not be written; nothing is made."""
    path = _access_log_path(settings, folder)
    if settings.access_log not in FORMS or path is None:
        return
    nearest = next(place for place in (path, *path.absolute().parents) if os.path.lexists(place))
    try:
        if nearest == path:
            path.open("a", encoding="utf-8").close()
        else:
            write_probe(nearest)
    except OSError as error:
        raise _not_written(path, error) from None


def _access_log(settings: Settings, folder: DataFolder, stack: ExitStack) -> AccessLog | None:
    form = FORMS.get(settings.access_log)
    if form is None:
        return None
    path = _access_log_path(settings, folder)
    log = AccessLog(form, path)
    try:
        log.start()
    except OSError as error:
        raise _not_written(path, error) from None
    stack.callback(log.stop)
    return log


def _access_log_path(settings: Settings, folder: DataFolder) -> Path | None:
    return folder.root / "logs" / settings.access_log_path if settings.access_log_path else None


def _not_written(path: Path | None, error: OSError) -> CannotListen:
    return CannotListen(f"The access log {path} cannot be written: {error.strerror}.")
