"""What the operator can set: each with its default, its unit and its bounds; read at start, then never changed."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from appliance.plan import Plan, plans
from appliance.units import (
    Address,
    HostFiles,
    Networks,
    NumberRange,
    Size,
    Span,
    address_of_service,
    assignments,
    country_header,
    domain,
    folder,
    host_files,
    hsts,
    long_secret,
    name_of_part,
    networks,
    number_range,
    one_of,
    optional_address,
    optional_domain,
    proxy_hosts,
    public_key,
    safe_url,
    switch,
    whole,
    words,
)


def _setting(default: Any, parse: Callable[[Any], Any], about: str, *, secret: bool = False) -> Any:  # noqa: ANN401 - dataclasses.field is untyped in the same way
    metadata = {"parse": parse, "about": about, "secret": secret, "default": default}
    if default is None:
        return dataclasses.field(default_factory=default_data, metadata=metadata)
    value = parse(default)
    return dataclasses.field(default_factory=lambda: value, metadata=metadata)


def default_data() -> Path:
    """The platform's folder for a user's data (XDG on Linux)."""
    return Path(platformdirs.user_data_dir("dropdock", appauthor=False))


@dataclass(frozen=True)
class Settings:
    """Everything the operator can set. Sizes are bytes, lengths of time are seconds."""

    # where
    data: Path = _setting(None, folder, "folder for the database, content, uploads and keys; relative to this file")
    expect_data: bool = _setting(
        "false", switch, "start only where <data> holds an installation: its disk may not be mounted"
    )
    listen: Address = _setting("localhost:8080", Address.parse, "address and port to listen on")
    listen_without_account: bool = _setting(
        "false", switch, "listen beyond this machine before the first account exists (whoever has the link sets up)"
    )
    base: str = _setting("localhost", domain, "domain below which sites live: <site>.<base>")
    admin_host: str = _setting(
        "", optional_domain, "host of the admin; empty: the base if that is localhost, else admin.<base>"
    )
    public_scheme: str = _setting(
        "http", one_of("http", "https"), "scheme of printed addresses (https behind a TLS proxy)"
    )
    public_port: int = _setting(0, whole(0, 65535), "port of printed addresses; 0: the one listened on")
    # TLS
    listen_tls: Address | None = _setting(
        "", optional_address, "address and port for HTTPS, such as 0.0.0.0:8443; empty: none"
    )
    tls_certificate: str = _setting("", str, "PEM file of the certificate and its chain; relative to <data>/certs")
    tls_key: str = _setting("", str, "PEM file of its key; empty: in the certificate's file")
    tls_hosts: tuple[HostFiles, ...] = _setting(
        "", host_files, "certificates of single hosts: host=certificate:key, *.host=file"
    )
    certificate_warn: Span = _setting(
        "14d", Span.parse, "how long before a certificate ends operators are warned; 0s: once it has"
    )
    https_redirect: bool = _setting("false", switch, "send visitors who come over plain HTTP to HTTPS")
    hsts: str = _setting("", hsts, "Strict-Transport-Security over HTTPS, such as max-age=31536000; empty: none")
    # intake
    upload_size: Size = _setting("500MB", Size.some, "largest upload, as sent")
    unpacked_size: Size = _setting("2GB", Size.some, "largest site, unpacked")
    file_size: Size = _setting("200MB", Size.some, "largest single file of a site")
    entries: int = _setting(50_000, whole(1, 10_000_000), "most entries in an upload")
    ratio: int = _setting(200, whole(1, 100_000), "most bytes unpacked for each byte of the upload")
    ratio_from: Size = _setting(
        "10MB", Size.parse, "unpacked size from which `ratio` is looked at; 0B: from the first byte"
    )
    path_length: int = _setting(1024, whole(16, 4096), "longest path in a site, in bytes")
    path_depth: int = _setting(64, whole(1, 512), "most folders in a path")
    upload_timeout: Span = _setting("60s", Span.some, "longest pause of an upload before it is given up")
    uploads_at_once: int = _setting(16, whole(1, 10_000), "uploads received at the same time; more are told to wait")
    listing_size: Size = _setting(
        "32MB", Size.some, "largest list of a deploy's files, or bundle of small ones, uncompressed"
    )
    pending_size: Size = _setting("2GB", Size.some, "content of an account that waits for deploys to be finished")
    pending_age: Span = _setting("24h", Span.some, "how long it waits before it is removed")
    key_age: Span = _setting(
        "24h", Span.parse, "how long the same Idempotency-Key means the same deploy; 0s: not at all"
    )
    # the workshop
    deploys_at_once: int = _setting(2, whole(1, 64), "uploads unpacked and stored at the same time")
    build_timeout: Span = _setting("15m", Span.some, "longest time one deploy may take to unpack, build and store")
    child_idle: Span = _setting("10m", Span.parse, "how long an idle build process is kept ready; 0s: not at all")
    variants: bool = _setting("true", switch, "make compressed forms (zstd, br, gzip) of what shrinks, once per deploy")
    best_variants: bool = _setting(
        "true", switch, "make them smaller once a deploy is ready, in the background, and swap them in"
    )
    best_variants_time: Span = _setting("10m", Span.some, "longest processor time of that for one deploy")
    build_attempts: int = _setting(3, whole(1, 100), "starts of a server that find the same deploy half done")
    # builds from source
    builds_at_once: int = _setting(2, whole(1, 64), "builds from source run at the same time, in all")
    builds_per_account: int = _setting(2, whole(1, 64), "builds from source run at the same time for one account")
    builds_per_site: int = _setting(1, whole(1, 64), "builds from source run at the same time for one site")
    build_flags: tuple[str, ...] = _setting(
        "", words, "flags that sites may add to their generator's command, such as --minify; empty: none"
    )
    build_commands: tuple[str, ...] = _setting(
        "", words, "commands that sites may run instead of their generator's, such as npm run docs; empty: none"
    )
    build_log: Size = _setting("1MB", Size.some, "longest log of a build; what is beyond is cut, but for its end")
    sandbox: str = _setting(
        "auto",
        one_of("auto", "bubblewrap", "container", "process"),
        "what builds run in: bubblewrap, container, process (not isolated), or auto: the best of these that works",
    )
    sandbox_image: str = _setting("", str, "image of the container; it has to be on the machine already")
    require_isolation: bool = _setting("false", switch, "refuse to build where nothing isolates a build")
    build_memory: Size = _setting("2GB", Size.some, "memory of one build")
    build_processes: int = _setting(512, whole(16, 100_000), "processes and threads of one build")
    build_cpu: Span = _setting("30m", Span.some, "processor time of one process of a build")
    build_disk: Size = _setting("4GB", Size.some, "disk space of one build")
    build_file_size: Size = _setting("1GB", Size.some, "largest file that a build may write")
    build_temporary: Size = _setting("512MB", Size.some, "size of a build's /tmp")
    build_open_files: int = _setting(4096, whole(64, 1_000_000), "files that a process of a build may have open")
    build_output: Size = _setting("50MB", Size.some, "most that one command of a build may print")
    build_uids: NumberRange = _setting("65000-65499", number_range, "user ids of builds where the server is root")
    build_reach: Networks = _setting(
        "", networks, "networks that are not public but that builds may reach while they fetch, such as a registry's"
    )
    build_registries: tuple[str, ...] = _setting(
        "", assignments, "variables for all that fetches, such as PIP_INDEX_URL=https://…; empty: none", secret=True
    )
    build_readable: tuple[str, ...] = _setting(
        "", words, "files and folders that builds may read while they fetch, such as certificates; empty: none"
    )
    dependencies_size: Size = _setting(
        "4GB", Size.parse, "most disk for dependencies of builds, kept for the next with the same lock file; 0: none"
    )
    tools_size: Size = _setting("10GB", Size.some, "most disk for tools that were installed for builds")
    tools_age: Span = _setting("30d", Span.some, "how long such a tool is kept that no build uses")
    question_age: Span = _setting("7d", Span.some, "how long an upload waits for an answer on how it is to be built")
    # what is made of files
    force_minify: str = _setting("site", one_of("on", "off", "site"), "minify all sites, or none; site: as each says")
    head_snippet: str = _setting("", str, "HTML put at the end of the head of every page of every site")
    snippet_size: Size = _setting("8KB", Size.parse, "longest head_snippet, also of a site, in bytes; 0B: none")
    minify_size: Size = _setting("5MB", Size.parse, "largest file that is minified; 0B: none is")
    transform_time: Span = _setting("20s", Span.some, "longest time one file may take to be minified and compressed")
    transform_memory: Size = _setting("1GB", Size.some, "most memory of a process that minifies and compresses")
    cache_size: Size = _setting("2GB", Size.parse, "most disk for results that are used again; 0: none are kept")
    # rules of sites
    redirect_rules: int = _setting(10_000, whole(0, 1_000_000), "most redirects of a site for one path each; 0: none")
    redirect_rules_dynamic: int = _setting(
        500, whole(0, 10_000), "most redirects of a site with a * or a :name; 0: none"
    )
    header_rules: int = _setting(1_000, whole(0, 100_000), "most paths with headers of their own; 0: none")
    rule_line: int = _setting(2_000, whole(100, 100_000), "longest line of _redirects and _headers, in characters")
    rule_file: Size = _setting("4MB", Size.some, "largest _redirects, _headers or netlify.toml")
    strict_rules: bool = _setting("false", switch, "fail a deploy in which a rule cannot be used")
    geoip_file: str = _setting(
        "", str, "MaxMind DB file (.mmdb) that tells visitors' countries, relative to <data>; empty: none"
    )
    country_header: str = _setting(
        "",
        country_header,
        "header in which trusted_proxies say where the visitor is, such as CF-IPCountry; empty: none",
    )
    proxy_hosts: tuple[str, ...] = _setting(
        "",
        proxy_hosts,
        "hosts that rewrites may fetch from: api.example.org, *.example.org, host:8443; empty: none",
    )
    proxy_private: bool = _setting(
        "false", switch, "fetch also from hosts whose addresses are private or this machine's"
    )
    proxy_size: Size = _setting("25MB", Size.some, "largest answer fetched from another host")
    proxy_timeout: Span = _setting("30s", Span.some, "longest time such an answer may take, in all")
    proxy_connections: int = _setting(100, whole(1, 10_000), "connections to other hosts at the same time")
    # deploys from Git
    git_size: Size = _setting("200MB", Size.some, "most bytes received of a repository's newest commit")
    git_timeout: Span = _setting("5m", Span.some, "longest time a repository may take to fetch")
    git_at_once: int = _setting(2, whole(1, 64), "repositories fetched at the same time")
    git_networks: Networks = _setting("", networks, "private networks whose Git hosts may be connected to")
    # access
    access_lifetime: Span = _setting("10m", Span.some, "how long an access token is good")
    refresh_lifetime: Span = _setting("30d", Span.some, "how long a sign-in lasts without use")
    sign_in_attempts: int = _setting(5, whole(1, 1000), "failed sign-ins of an account before it has to wait")
    sign_in_network_attempts: int = _setting(
        50, whole(0, 1_000_000), "failed sign-ins from one network before it has to wait; 0: as many as come"
    )
    sign_in_window: Span = _setting("15m", Span.some, "how long failed sign-ins count, and the longest wait")
    password_length: int = _setting(10, whole(8, 128), "fewest characters of a password")
    force_gate: bool = _setting("false", switch, "put a gate before every site, also those whose owners set none")
    gate_session: Span = _setting("7d", Span.some, "how long a visitor stays signed in to a gated site")
    gate_attempts: int = _setting(10, whole(1, 100_000), "tries of a gate's password from one address, per gate_window")
    gate_site_attempts: int = _setting(200, whole(1, 1_000_000), "tries of a gate's password in all, per gate_window")
    gate_window: Span = _setting("10m", Span.some, "how long tries of a gate's password count")
    request_body: Size = _setting("1MB", Size.some, "largest body of an API request or form other than an upload")
    event_streams: int = _setting(
        256, whole(1, 100_000), "windows told of changes, and deploys followed, at the same time; more have to ask"
    )
    event_streams_per_account: int = _setting(32, whole(1, 100_000), "the same for one account")
    # the door
    connections: int = _setting(10_000, whole(1, 1_000_000), "open connections in all")
    connections_per_address: int = _setting(2_000, whole(1, 1_000_000), "open connections from one address")
    head_size: Size = _setting("32KiB", Size.some, "largest request head")
    head_timeout: Span = _setting("15s", Span.some, "longest time a client may take to send a request head")
    keep_alive: Span = _setting("75s", Span.some, "how long an idle connection is kept")
    stall_timeout: Span = _setting("60s", Span.some, "how long a reader may take nothing before it is cut")
    reply_cache: Size = _setting("64MB", Size.parse, "memory for prepared replies; 0B: none")
    previews_loaded: int = _setting(256, whole(1, 1_000_000), "deploys other than live ones kept ready in memory")
    grace_deploys: int = _setting(
        10, whole(0, 1_000), "earlier deploys whose scripts, styles and images still answer; 0: none"
    )
    grace_age: Span = _setting("7d", Span.parse, "how long they do after the deploy was replaced; 0s: not at all")
    workers: int = _setting(
        1, whole(1, 64), "processes that answer visitors; one of them runs the admin and everything else too"
    )
    worker_timeout: Span = _setting(
        "10s", Span.some, "how long a process may take to do as it is told before another takes its place"
    )
    trusted_proxies: Networks = _setting(
        "", networks, "networks of proxies whose X-Forwarded-For, -Proto and -Host are believed"
    )
    traefik_token: str = _setting(
        "",
        long_secret,
        "token with which Traefik may read /traefik/config; empty: there is no such address",
        secret=True,
    )
    traefik_server: str = _setting(
        "http://dropdock:8080", address_of_service, "address at which Traefik reaches Dropdock"
    )
    traefik_resolver: str = _setting("dropdock", name_of_part, "Traefik's resolver that is to get the certificates")
    traefik_entry_point: str = _setting("websecure", name_of_part, "Traefik's entry point that visitors come by")
    traefik_certificates: str = _setting(
        "each", one_of("each", "wildcard"), "a certificate for each host, or one for base and all below it"
    )
    stop_grace: Span = _setting("4s", Span.parse, "how long requests may go on when the server stops; 0s: not at all")
    # the admin
    language: str = _setting(
        "auto", name_of_part, "language of the admin's pages, such as de; auto: what each browser asks for"
    )
    theme: str = _setting(
        "dropdock",
        name_of_part,
        "look of the admin for accounts that chose none: dropdock, contrast, dune, fjord, or yours",
    )
    theme_size: Size = _setting("2MB", Size.some, "largest theme of yours, with its logo and fonts")
    # being watched
    metrics_allow: Networks = _setting("127.0.0.0/8, ::1/128", networks, "networks that may read /metrics")
    log_level: str = _setting("info", one_of("debug", "info", "warning", "error"), "least level of log lines")
    log_tail: int = _setting(
        "500", whole(0, 10_000), "newest log lines kept in memory, for operators to look at in the admin; 0: none"
    )
    log_format: str = _setting("auto", one_of("auto", "json", "pretty"), "auto: pretty on a terminal, else JSON lines")
    access_log: str = _setting(
        "off", one_of("off", "common", "json"), "a line for every request: off, common (as other web servers), json"
    )
    access_log_path: str = _setting("", str, "file of the access log, relative to <data>/logs; empty: standard output")
    audit_age: Span = _setting("365d", Span.parse, "how long the audit log says who changed what; 0s: for good")
    figures_age: Span = _setting("365d", Span.parse, "how long figures of traffic and storage are kept; 0s: for good")
    # backups and verification
    verify_every: Span = _setting(
        "7d", Span.parse, "how often all stored content is read and held against its hashes; 0s: never"
    )
    verify_rate: Size = _setting("20MB", Size.parse, "how much of it is read in a second; 0B: as fast as it goes")
    backup_every: Span = _setting("0s", Span.parse, "how often a backup is made and rehearsed; 0s: never")
    backup_to: str = _setting(
        "", str, "where: a folder, best on another disk, as an absolute path; or s3://bucket/prefix"
    )
    backup_warn: Span = _setting(
        "0s", Span.parse, "how old the last good backup may be before operators are warned; 0s: twice backup_every"
    )
    backup_keep: int = _setting(14, whole(1, 10_000), "backups kept there; older ones are removed")
    backup_passphrase_file: str = _setting(
        "", str, "file whose first line is the passphrase that backups are encrypted with; empty: they are not"
    )
    backup_s3_endpoint: str = _setting("", str, "address of the S3 server; empty: AWS_ENDPOINT_URL, or Amazon's own")
    backup_s3_region: str = _setting("", str, "region of the bucket; empty: AWS_REGION, or us-east-1")
    backup_s3_key_id: str = _setting("", str, "access key of the bucket; empty: AWS_ACCESS_KEY_ID and its secret")
    backup_s3_secret: str = _setting("", str, "secret that belongs to backup_s3_key_id", secret=True)
    backup_s3_plain_http: bool = _setting("false", switch, "ask S3 servers on other machines over http:// as well")
    backup_s3_patience: Span = _setting(
        "1m", Span.parse, "how long a request to S3 that fails is tried again; 0s: not at all"
    )
    # plans
    plans: tuple[Plan, ...] = _setting(
        "", plans, "what accounts may have, by plan: [plans.NAME] with sites, storage, deploys, upload, build_time"
    )
    default_plan: str = _setting("", str, "plan of accounts that were given none; empty: no limits")
    # keeping
    keep_deploys: int = _setting(0, whole(0, 1_000_000), "newest deploys of a site that are kept; 0: all")
    keep_age: Span = _setting("0s", Span.parse, "how long a deploy is kept; 0s: for good")
    keep_grace: Span = _setting(
        "24h", Span.parse, "how long any deploy is kept, whatever keep_deploys and keep_age say; 0s: not at all"
    )
    keep_deleted: Span = _setting(
        "7d", Span.parse, "how long a deleted site can be restored; 0s: it is removed for good at once"
    )
    sweep_every: Span = _setting("1h", Span.parse, "time between two sweeps of content no deploy has; 0s: none")
    sweep_grace: Span = _setting(
        "6h", Span.some, "how long such content is kept after it was last used; at least twice build_timeout"
    )
    # releases
    update_index: str = _setting(
        "", safe_url, "list of releases that `dropdock update` looks at; empty: there is none to look at"
    )
    update_key: str = _setting("", public_key, "public key that signs it (Ed25519, base64)")
    # keys
    secret_key: str = _setting(
        "", str, "key that signs tokens; empty: made on first start in <data>/secret.key", secret=True
    )

    @property
    def admin(self) -> str:
        """The admin's host name."""
        if self.admin_host:
            return self.admin_host
        return self.base if self.base == "localhost" else f"admin.{self.base}"


def effective(settings: Settings) -> dict[str, str]:
    """Every setting as it would be written, secrets masked."""
    shown = {}
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        shown[field.name] = _masked(field.name, value) if field.metadata["secret"] else written(value)
    return shown


def carried(settings: Settings) -> dict[str, str]:
    """Every setting but the secrets, as text that `from_carried` reads in another process."""
    return {
        field.name: written(getattr(settings, field.name))
        for field in dataclasses.fields(settings)
        if not field.metadata["secret"]
    }


def from_carried(values: Mapping[str, str]) -> Settings:
    """The settings that were carried over, with secrets as they are by default."""
    return Settings(**{name: fields()[name].metadata["parse"](value) for name, value in values.items()})


def _masked(name: str, value: object) -> str:
    if value:
        return "(set)"
    return "(made on first start)" if name == "secret_key" else ""


def written(value: object) -> str:
    """A setting's value as it stands in `appliance.toml`, without quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, NumberRange):
        return str(value)
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def fields() -> dict[str, "dataclasses.Field[Any]"]:
    """Every setting by its name, with how it is parsed, what it is about, its default, and whether it is secret."""
    return {field.name: field for field in dataclasses.fields(Settings)}
