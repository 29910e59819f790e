"""Values as people write them in settings: sizes, lengths of time, addresses, networks; each parser raises ValueError.

The error's text goes on after the setting's name: "upload_size is a size, such as …".
"""

import base64
import ipaddress
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

SIZES = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
LEAST_SECRET = 32  # characters; as many as `secret_key` has to have
SPANS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class _Amount(ABC):
    """What is written as a number with a unit; `what` it is and an `example` are said where it is something else."""

    what: ClassVar[str]
    example: ClassVar[str]

    @classmethod
    @abstractmethod
    def parse(cls, value: object) -> Self:
        """From a text with a unit; 0 needs none. Raises ValueError."""

    @classmethod
    def _unit(cls, number: str, unit: str | None, plain: str) -> str:
        """The unit as it is written, or `plain` where the number is 0: 90 of what is meant, nobody can tell."""
        if unit is None and float(number):
            raise ValueError(f"is {cls.what} with its unit, such as {cls.example}")
        return unit or plain

    @classmethod
    def some(cls, value: object) -> Self:
        """As `parse`, where nothing would work with 0."""
        amount = cls.parse(value)
        if not amount:
            raise ValueError(f"is {cls.what} above 0, such as {cls.example}")
        return amount


class Size(_Amount, int):
    """A number of bytes, written `"500MB"` (10⁶) or `"512MiB"` (2²⁰)."""

    what, example = "a size", '"500MB"'

    @classmethod
    def parse(cls, value: object) -> Self:
        """From a text with a unit; 0 needs none."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?i?B)?", str(value).strip(), re.IGNORECASE)
        if match is None or isinstance(value, bool):
            raise ValueError(f"is {cls.what}, such as {cls.example}")
        return cls(float(match[1]) * SIZES[cls._unit(match[1], match[2], "B").upper()])

    def __str__(self) -> str:
        for unit in ("TB", "GB", "MB", "KB", "TiB", "GiB", "MiB", "KiB"):
            if self and self % SIZES[unit.upper()] == 0:
                return f"{self // SIZES[unit.upper()]}{unit}"
        return f"{int(self)}B"


class Span(_Amount, float):
    """A length of time in seconds, written `"30s"`, `"15m"`, `"10d"`."""

    what, example = "a length of time", '"30s" or "15m"'

    @classmethod
    def parse(cls, value: object) -> Self:
        """From a text with a unit; 0 needs none."""
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?", str(value).strip())
        if match is None or isinstance(value, bool):
            raise ValueError(f"is {cls.what}, such as {cls.example}")
        return cls(float(match[1]) * SPANS[cls._unit(match[1], match[2], "s")])

    def __str__(self) -> str:
        for unit in ("d", "h", "m"):
            if self and self % SPANS[unit] == 0:
                return f"{int(self / SPANS[unit])}{unit}"
        return f"{int(self)}s" if self % 1 == 0 else f"{round(self * 1000, 6):.15g}ms"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: a host (name or IP address, IPv6 without brackets) and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: object) -> "Address":
        """From `HOST:PORT`; an IPv6 address stands in brackets."""
        match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]/\s]+):(\d{1,5})", str(value).strip())
        if match is None or int(match[2]) > 65535:
            raise ValueError('is an address and a port, such as "127.0.0.1:8080"')
        return cls(match[1].strip("[]"), int(match[2]))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can connect."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def optional_address(value: object) -> Address | None:
    """An address and a port, or None for an empty text."""
    return Address.parse(value) if str(value) else None


@dataclass(frozen=True, slots=True)
class HostFiles:
    """The PEM files of a host's certificate; `host` is a name, or `*.` and a name for every host right below it."""

    host: str
    certificate: str
    key: str

    @classmethod
    def parse(cls, value: object) -> "HostFiles":
        """From `HOST=CERTIFICATE:KEY` (`;` between the files on Windows), or `HOST=FILE` when one file has both."""
        host, equals, files = str(value).partition("=")
        certificate, _, key = (part.strip() for part in files.partition(os.pathsep))
        if not equals or not certificate:
            raise ValueError('is a list of hosts and files, such as ["shop.example.org=shop.pem:shop.key"]')
        star, name = ("*.", host.strip()[2:]) if host.strip().startswith("*.") else ("", host)
        return cls(star + domain(name), certificate, key or certificate)

    def __str__(self) -> str:
        return f"{self.host}={self.certificate}" + ("" if self.key == self.certificate else os.pathsep + self.key)


def host_files(value: object) -> tuple[HostFiles, ...]:
    """Certificates by host, from a list or a text with commas; a host may be named once."""
    texts = value if isinstance(value, list | tuple) else [t for t in re.split(r"\s*,\s*", str(value).strip()) if t]
    pairs = tuple(HostFiles.parse(text) for text in texts)
    if len({pair.host for pair in pairs}) < len(pairs):
        raise ValueError("names a host twice")
    return pairs


def hsts(value: object) -> str:
    """A Strict-Transport-Security policy (RFC 6797, 6.1), or empty."""
    text = str(value).strip()
    if text and not re.fullmatch(r"max-age=\d{1,10}(\s*;\s*(includeSubDomains|preload))*", text, re.IGNORECASE):
        raise ValueError('is a policy, such as "max-age=31536000; includeSubDomains"')
    return text


Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


def networks(value: object) -> Networks:
    """A tuple of IP networks, from a list or a text with commas."""
    texts = value if isinstance(value, list | tuple) else [t for t in re.split(r"[\s,]+", str(value)) if t]
    return tuple(_network(str(text)) for text in texts)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """A network, or a single address; one in a network is nearly that network, and which is meant nobody can tell."""
    try:
        meant = ipaddress.ip_network(text, strict=False)
        named = ipaddress.ip_address(text.partition("/")[0])
    except ValueError:
        raise ValueError('is a list of networks, such as ["127.0.0.0/8", "::1/128"]') from None
    if meant.network_address != named:
        raise ValueError(
            f"has {text}, one address in a network: write {meant} for all of it, or {named} for that one alone"
        )
    return meant


class NumberRange(NamedTuple):
    """Whole numbers from the first to the last."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def number_range(value: object) -> NumberRange:
    """Two whole numbers with a hyphen between them, the smaller one first."""
    match = re.fullmatch(r"(\d{1,9})\s*-\s*(\d{1,9})", str(value).strip())
    if match is None or int(match[1]) > int(match[2]):
        raise ValueError('is a range of numbers, such as "65000-65499"')
    return NumberRange(int(match[1]), int(match[2]))


def words(value: object) -> tuple[str, ...]:
    """Texts, from a list or a text with commas; without the blanks around each, and each once."""
    texts = value if isinstance(value, list | tuple) else str(value).split(",")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError('is a list of texts, such as ["--minify"]')
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))


def assignments(value: object) -> tuple[str, ...]:
    """Texts such as NAME=value, from a list or a text with commas."""
    pairs = words(value)
    if not all(re.match(r"[A-Za-z_]\w*=", pair, re.ASCII) for pair in pairs):
        raise ValueError('is a list of variables, such as ["PIP_INDEX_URL=https://packages.example.org/simple"]')
    return pairs


def switch(value: object) -> bool:
    """True or false, from TOML or a word."""
    if isinstance(value, bool):
        return value
    text = str(value).lower()
    if text in {"on", "true", "yes", "1"}:
        return True
    if text in {"off", "false", "no", "0"}:
        return False
    raise ValueError("is a switch: true or false")


def domain(value: object) -> str:
    """A domain name, lower-cased, without a trailing dot (RFC 1123 labels)."""
    text = str(value).strip().lower().rstrip(".")
    if not re.fullmatch(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", text):
        raise ValueError('is a domain name, such as "sites.example.org"')
    if text.rpartition(".")[2].isdigit():  # to browsers an IPv4 address (WHATWG URL, 3.5)
        raise ValueError('is a domain name, such as "sites.example.org": an address has no names below it')
    return text


def optional_domain(value: object) -> str:
    """A domain name, or empty."""
    return domain(value) if str(value) else ""


_PROXY_HOST = re.compile(r"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*(?::\d{1,5})?")

COUNTRY_HEADERS = (
    "CF-IPCountry",
    "CloudFront-Viewer-Country",
    "X-Country-Code",
    "X-Geo-Country",
    "X-Vercel-IP-Country",
    "X-AppEngine-Country",
)


def country_header(value: object) -> str:
    """The name of a header by which proxies say where a visitor is, or empty."""
    for known in ("", *COUNTRY_HEADERS):
        if str(value).lower() == known.lower():
            return known
    raise ValueError(f"is empty, or one of: {', '.join(COUNTRY_HEADERS)}")


def address_of_service(value: object) -> str:
    """An http or https address of a host, with a port where it has one, and nothing behind it."""
    text = str(value).strip().rstrip("/")
    if not re.fullmatch(r"https?://[a-z0-9_-]+(\.[a-z0-9_-]+)*(:[0-9]{1,5})?", text):
        raise ValueError('is the address of a server, such as "http://dropdock:8080"')
    return text


def safe_url(value: object) -> str:
    """An https address, or empty; this machine may be asked over plain http."""
    text = str(value).strip()
    if text and not re.fullmatch(r"https://[^\s/]+/\S*|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]+)?/\S*", text):
        raise ValueError('is empty, or an https address, such as "https://example.org/dropdock/releases.json"')
    return text


def long_secret(value: object) -> str:
    """A secret that cannot be guessed, or empty."""
    text = str(value)
    if text and (len(text) < LEAST_SECRET or not re.fullmatch(r"[!-~]+", text)):
        raise ValueError(
            f"has to have {LEAST_SECRET} characters or more, without spaces: `openssl rand -hex 32` makes one"
        )
    return text


def public_key(value: object) -> str:
    """An Ed25519 public key (RFC 8032) in base64, or empty."""
    text = str(value).strip()
    try:
        size = len(base64.b64decode(text, validate=True))
    except ValueError:
        size = -1
    if text and size != 32:
        raise ValueError("is empty, or an Ed25519 public key: 32 bytes in base64")
    return text


def name_of_part(value: object) -> str:
    """A name made of letters, digits, `-` and `_`."""
    if not re.fullmatch(r"[A-Za-z0-9_-]+", str(value)):
        raise ValueError("is a name of letters, digits, - and _")
    return str(value)


def proxy_hosts(value: object) -> tuple[str, ...]:
    """Host names, each perhaps with `*.` before it and a port behind it, from a list or a text with commas."""
    texts = value if isinstance(value, list | tuple) else [t for t in re.split(r"[\s,]+", str(value)) if t]
    hosts = tuple(str(text).lower() for text in texts)
    if not all(_PROXY_HOST.fullmatch(host) for host in hosts):
        raise ValueError('is a list of hosts, such as ["api.example.org", "*.example.org", "localhost:8081"]')
    return hosts


def one_of(*choices: str) -> Callable[[object], str]:
    """A parser for one of a few words."""

    def parse(value: object) -> str:
        if value not in choices:
            raise ValueError(f"is one of: {', '.join(choices)}")
        return str(value)

    return parse


def whole(low: int, high: int) -> Callable[[object], int]:
    """A parser for a whole number between two bounds, both allowed."""

    def parse(value: object) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"\d+", str(value)) or not low <= int(str(value)) <= high:
            raise ValueError(f"is a whole number from {low} to {high}")
        return int(str(value))

    return parse


def folder(value: object) -> Path:
    """A folder, `~` expanded; it need not exist."""
    if not str(value):
        raise ValueError("is a folder")
    return Path(str(value)).expanduser()
