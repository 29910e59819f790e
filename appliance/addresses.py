"""Which host name means what: sites, single deploys and the admin, and the addresses people see."""

from dataclasses import dataclass

from appliance.settings import Settings

DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = frozenset({"127.0.0.1", "[::1]"})  # the admin by number, where it is only this machine's anyway
SEPARATOR = "--"


@dataclass(frozen=True, slots=True)
class SiteHost:
    """A host name that belongs to a site: its live deploy, or the one deploy that is named by its id or an alias."""

    site: str
    deploy: str | None = None


@dataclass(frozen=True, slots=True)
class Addresses:
    """The names below `base`, the admin's host, and scheme and port of the addresses people see."""

    base: str
    admin: str
    scheme: str
    port: int

    @classmethod
    def of(cls, settings: Settings, port: int) -> "Addresses":
        """From the settings and the port that is really listened on."""
        return cls(settings.base, settings.admin, settings.public_scheme, settings.public_port or port)

    @property
    def admin_url(self) -> str:
        """The admin's address."""
        return self.url(self.admin)

    def is_admin(self, host: str) -> bool:
        """Whether a normalised host name is the admin's."""
        return host == self.admin or (host in LOOPBACK and self.base == "localhost")

    def read(self, host: str) -> SiteHost | None:
        """What a normalised host name means, or None when it is no site's."""
        label, dot, parent = host.partition(".")
        if not dot or parent != self.base or self.is_admin(host):
            return None
        deploy, separator, site = label.partition(SEPARATOR)
        return SiteHost(site, deploy) if separator else SiteHost(label)

    def site_host(self, site: str) -> str:
        """The host of a site's live deploy."""
        return f"{site}.{self.base}"

    def deploy_host(self, site: str, deploy: str) -> str:
        """The host that shows one deploy for ever."""
        return f"{deploy}{SEPARATOR}{site}.{self.base}"

    def url(self, host: str) -> str:
        """A host's address, with the port where it is not the scheme's own."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}/"
