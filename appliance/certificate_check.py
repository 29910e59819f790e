"""What an operator should know of certificates: which cannot be used, and which have run out or soon will."""

import functools
from datetime import UTC, datetime

from cryptography import x509

from appliance.certificates import NoCertificate, Pair, context_of, pairs_of, stamps_of
from appliance.data_folder import DataFolder, Finding
from appliance.file_watch import Stamp
from appliance.settings import Settings


def findings(settings: Settings, folder: DataFolder) -> list[Finding]:
    """Of each certificate in use whether it can be, and until when; a warning from `certificate_warn` on. Blocking.

    One file that several hosts share is told of once.
    """
    if not settings.listen_tls:
        return []
    pairs = pairs_of(folder.certs, settings.tls_certificate, settings.tls_key, settings.tls_hosts)
    return list(dict.fromkeys(_finding(pair, settings.certificate_warn) for pair in pairs))


def _finding(pair: Pair, warn: float) -> Finding:
    try:
        ends = _ends(pair, stamps_of(pair))
    except (NoCertificate, OSError, ValueError) as error:  # the last two: it is just being replaced
        return Finding("error", "certificate_unusable", str(error))
    said, left = f"{ends:%Y-%m-%d %H:%M} UTC", (ends - datetime.now(UTC)).total_seconds()
    if left <= 0:
        message = f"The certificate {pair.certificate} ended on {said}, and browsers refuse it: renew it."
        return Finding("warning", "certificate_ended", message)
    if left <= warn:
        return Finding("warning", "certificate_ends", f"The certificate {pair.certificate} ends on {said}: renew it.")
    return Finding("note", "certificate", f"The certificate {pair.certificate} is good until {said}.")


@functools.lru_cache(maxsize=1000)  # pages ask for it each time that an operator opens them
def _ends(pair: Pair, _: tuple[Stamp, Stamp]) -> datetime:
    """When the first of a file's certificates, which is the host's own (RFC 8446, 4.4.2), is no longer valid.

    Raises NoCertificate when the pair cannot be used.
    """
    context_of(pair)
    return x509.load_pem_x509_certificates(pair.certificate.read_bytes())[0].not_valid_after_utc
