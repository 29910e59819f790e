"""Certificates by host name: read from PEM files, read again when the files change, handed to the door as contexts."""

import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from appliance.file_watch import LOOK_SECONDS, FileWatch, Stamp, stamp
from appliance.serving.hosts import normalise_host
from appliance.units import HostFiles

log = structlog.get_logger(__name__)

DEFAULT: Final = ""  # the host of the pair that serves every name without one of its own
PROTOCOLS = ("h2", "http/1.1")  # offered by ALPN (RFC 7301), in our order of preference


class NoCertificate(Exception):
    """A certificate cannot be used; `str()` is a sentence that names the file and says why."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of one certificate; `host` is a name, `*.` and a name, or DEFAULT."""

    host: str
    certificate: Path
    key: Path


class Certificates:
    """The TLS contexts of the hosts that have a certificate.

    `find` is for the event loop; the files are read in a thread of their own between `start` and `stop`. A context is
    replaced whole: a handshake sees the old certificate or the new one. What cannot be used is reported once, and the
    certificate before it stays in force.
    """

    def __init__(self, pairs: Sequence[Pair], look_seconds: float = LOOK_SECONDS) -> None:
        """Read every pair; raises NoCertificate for the first that cannot be used."""
        self._pairs = pairs
        self._seen: dict[str, object] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._nobodys = self._ready(_empty_context())
        for pair in pairs:
            self._seen[pair.host] = stamps_of(pair)
            self._contexts[pair.host] = self._ready(context_of(pair))
        self._watch = FileWatch("certificates", self.look, look_seconds)

    def first(self) -> ssl.SSLContext:
        """What a connection begins with: the default's context, where there is one.

        It takes over that of the host the client names, if that is another (SNI, RFC 6066, 3). Where all have the same
        certificate nobody is asked for it, which would be 4 % of a handshake.
        """
        return self._contexts.get(DEFAULT, self._nobodys)

    def find(self, host: str) -> ssl.SSLContext | None:
        """The context for a normalised host name: its own, that of `*.parent`, the default's, or None."""
        found = self._contexts.get(host)
        if found is None:
            found = self._contexts.get("*." + host.partition(".")[2])
        return found or self._contexts.get(DEFAULT)

    def start(self) -> None:
        """Begin to look at the files."""
        self._watch.start()

    def stop(self) -> None:
        """Look no more."""
        self._watch.stop()

    def look(self) -> None:
        """Read again what has changed since it was last looked at; blocking."""
        for pair in self._pairs:
            stamps = stamps_of(pair)
            if stamps == self._seen[pair.host]:
                continue
            self._seen[pair.host] = stamps
            try:
                self._contexts[pair.host] = self._ready(context_of(pair))
            except NoCertificate as error:
                log.error("certificate_not_reloaded", host=pair.host or "default", reason=str(error))  # noqa: TRY400 - the reason is all there is to it
            else:
                log.info("certificate_reloaded", host=pair.host or "default", file=str(pair.certificate))

    def _ready(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """The context as one that connections may begin with."""
        if any(pair.host != DEFAULT for pair in self._pairs):
            context.sni_callback = self._choose
        return context

    def _choose(self, connection: ssl.SSLObject, name: str | None, first: ssl.SSLContext) -> int | None:
        found = self.find(normalise_host(name) if name else DEFAULT)
        if found is None:
            return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        if found is not first:
            connection.context = found
        return None


def pairs_of(folder: Path, certificate: str, key: str, hosts: Iterable[HostFiles]) -> list[Pair]:
    """The pairs the settings name; relative paths start from `folder`."""
    pairs = [Pair(each.host, folder / each.certificate, folder / each.key) for each in hosts]
    if certificate:
        pairs.append(Pair(DEFAULT, folder / certificate, folder / (key or certificate)))
    return pairs


def context_of(pair: Pair) -> ssl.SSLContext:
    """What connections may begin with, read from the files of a pair. Raises NoCertificate."""
    context = _empty_context()
    try:
        context.load_cert_chain(pair.certificate, pair.key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise NoCertificate(_why(pair, error)) from error
    return context


def _empty_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    # None of Python's ciphers is weak, and a client knows which is quick for it: browsers want AES-128.
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.num_tickets = 1  # each connection takes one and leaves one; a second costs 15 µs of 300
    context.set_alpn_protocols(PROTOCOLS)
    return context


def _no_password() -> str:
    """Instead of OpenSSL's question on the terminal."""
    raise ValueError("the key is protected by a password")


def _why(pair: Pair, error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        mismatch = error.reason == "KEY_VALUES_MISMATCH"
        reason = "the key is another certificate's" if mismatch else "it is not PEM, or not whole"
    else:
        reason = getattr(error, "strerror", None) or str(error)
    return f"The certificate {pair.certificate} with the key {pair.key} cannot be used: {reason}."


def stamps_of(pair: Pair) -> tuple[Stamp, Stamp]:
    """Tells whether the files of a pair have been changed."""
    return stamp(pair.certificate), stamp(pair.key)
