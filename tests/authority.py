"""A certificate authority of the tests' own, made once per run."""

import ssl
from functools import cache
from pathlib import Path

import trustme

from appliance.certificates import PROTOCOLS, Certificates, Pair


@cache
def authority() -> trustme.CA:
    return trustme.CA()


def write_pair(folder: Path, *names: str, host: str = "", stem: str = "site") -> Pair:
    """A certificate for these names, in two files; `host` is whose it is, "" for the default."""
    issued = authority().issue_cert(*names)
    certificate, key = folder / f"{stem}.pem", folder / f"{stem}.key"
    key.write_bytes(issued.private_key_pem.bytes())
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    return Pair(host, certificate, key)


def served_by(folder: Path, *names: str) -> Certificates:
    """Certificates with one default pair; nobody looks whether it changes."""
    return Certificates([write_pair(folder, *names)])


def client_context(*protocols: str, verify: bool = True) -> ssl.SSLContext:
    """What a client connects with that trusts the authority, and no other: to read those of the system takes 20 ms."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies
    authority().configure_trust(context)
    context.check_hostname = verify
    context.set_alpn_protocols(protocols or PROTOCOLS)
    return context
