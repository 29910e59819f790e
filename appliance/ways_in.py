"""What visitors come in by: sockets and certificates, and what is settled on proxies, HTTPS and the access log."""

from contextlib import ExitStack
from dataclasses import dataclass

from appliance.access_log import FORMS, AccessLog
from appliance.certificates import Certificates, pairs_of
from appliance.countries import Countries
from appliance.data_folder import DataFolder
from appliance.listening import CannotListen, Listening, listen
from appliance.proxies import Proxies
from appliance.serving.secure import Policy
from appliance.serving.visitor import Reception
from appliance.settings import Settings
from appliance.units import Address


@dataclass(frozen=True, slots=True)
class WaysIn:
    """`plain` listens, and `tls` where the settings ask for it, with its certificates; `port` is the one people see."""

    plain: Listening
    tls: Listening | None
    certificates: Certificates | None
    reception: Reception
    port: int

    @classmethod
    def of(cls, settings: Settings, folder: DataFolder, stack: ExitStack) -> "WaysIn":
        """Bind, read and open everything; `stack` gives it up. Raises CannotListen, NoCertificate, NoCountries."""
        plain = _listen(settings.listen, stack)
        certificates = _certificates(settings, folder, stack) if settings.listen_tls else None
        tls = _listen(settings.listen_tls, stack) if settings.listen_tls else None
        seen = tls if tls and settings.public_scheme == "https" else plain
        policy = Policy(_https_port(settings, tls), settings.hsts.encode("ascii"))
        proxies = Proxies(settings.trusted_proxies, settings.country_header)
        countries = _countries(settings, folder, stack)
        reception = Reception(proxies, policy, _access_log(settings, folder, stack), countries)
        return cls(plain, tls, certificates, reception, seen.port)


def _listen(address: Address, stack: ExitStack) -> Listening:
    listening = listen(address)
    stack.callback(listening.close)
    return listening


def _certificates(settings: Settings, folder: DataFolder, stack: ExitStack) -> Certificates:
    pairs = pairs_of(folder.certs, settings.tls_certificate, settings.tls_key, settings.tls_hosts)
    certificates = Certificates(pairs)
    certificates.start()
    stack.callback(certificates.stop)
    return certificates


def _countries(settings: Settings, folder: DataFolder, stack: ExitStack) -> Countries:
    countries = Countries(folder.root / settings.geoip_file if settings.geoip_file else None)
    countries.start()
    stack.callback(countries.stop)
    return countries


def _https_port(settings: Settings, tls: Listening | None) -> int:
    """Where plain HTTP is sent: the port people see, else the one we listen on, else the scheme's; 0 for nowhere."""
    if not settings.https_redirect:
        return 0
    if settings.public_scheme == "https" and settings.public_port:
        return settings.public_port
    return tls.port if tls else 443


def _access_log(settings: Settings, folder: DataFolder, stack: ExitStack) -> AccessLog | None:
    form = FORMS.get(settings.access_log)
    if form is None:
        return None
    path = folder.root / "logs" / settings.access_log_path if settings.access_log_path else None
    log = AccessLog(form, path)
    try:
        log.start()
    except OSError as error:
        raise CannotListen(f"The access log {path} cannot be written: {error.strerror}.") from None
    stack.callback(log.stop)
    return log
