"""What TLS asks of answers: plain HTTP is sent to HTTPS, and HTTPS may say that it wants to stay."""

from dataclasses import dataclass

from appliance.serving.hosts import normalise_host
from appliance.serving.replies import ALWAYS, REVALIDATE, Field, Reply, make_reply

STRICT = b"strict-transport-security"
_STAY_PLAIN = (b"/.well-known/acme-challenge/",)  # asked for over plain HTTP by RFC 8555, 8.3
_PROBES = frozenset({b"/healthz", b"/readyz", b"/metrics", b"/traefik/config"})  # asked for by machines on the spot


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's wishes. `https_port` is where plain HTTP is sent, 0 for nowhere; `hsts` a policy, or empty."""

    https_port: int = 0
    hsts: bytes = b""

    @property
    def field(self) -> Field:
        """The Strict-Transport-Security header (RFC 6797); only for answers over TLS, and when `hsts` is set."""
        return STRICT, self.hsts

    @property
    def line(self) -> bytes:
        """The same as a line for HTTP/1.1; empty without a policy."""
        return b"%b: %b\r\n" % self.field if self.hsts else b""

    def move(self, host: bytes | str, target: bytes) -> Reply | None:
        """Where plain HTTP is sent; None when the request is to be answered as it is."""
        path = target.partition(b"?")[0]
        if not self.https_port or not path.startswith(b"/") or path in _PROBES or path.startswith(_STAY_PLAIN):
            return None
        name = normalise_host(host).encode("ascii")
        if not name:
            return None
        port = b"" if self.https_port == 443 else b":%d" % self.https_port
        location = b"https://%b%b%b" % (name, port, target)
        return make_reply(308, ((b"location", location), REVALIDATE, *ALWAYS))
