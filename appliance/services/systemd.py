"""systemd: a unit that gives the server its own user, its own folder, and as few rights as its work can do with."""

import shlex
from pathlib import Path

from appliance.data_folder import DataFolder
from appliance.services.values import FINAL, STOP_SECONDS, Commands, Manager, Service

_NAME = "dropdock.service"
_HOMES = ("/home", "/root", "/run/user")  # what ProtectHome hides

# Left out on purpose: ProtectKernelTunables, ProtectKernelLogs, ProtectProc, ProcSubset and RestrictNamespaces. The
# first four cover parts of /proc, and the kernel then lets nobody mount a fresh one; the last forbids the namespaces.
# Builds of sites from source run in bubblewrap, which needs both. For the same reason @mount is in the filter.
_UNIT = """\
# Written by `dropdock service install`; `systemctl edit dropdock` changes it without touching this file.
[Unit]
Description=Dropdock, self-hosted static sites
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User={user}
Group={user}
ExecStart={start}
Restart=on-failure
RestartSec=2
RestartPreventExitStatus={final}
TimeoutStopSec={stop}
UMask=0077
LimitNOFILE=65536

Environment=DROPDOCK_EXPECT_DATA=true
WorkingDirectory={data}
ProtectSystem=strict
ReadWritePaths={writable}
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectControlGroups=yes

AmbientCapabilities={rights}
CapabilityBoundingSet={rights}
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service @mount
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def _text(service: Service) -> str:
    """The unit file."""
    return _UNIT.format(
        user=service.user,
        start=" ".join(_quoted(word) for word in service.start),
        stop=STOP_SECONDS,
        final=" ".join(map(str, FINAL)),
        data=_literal(service.data),
        writable=" ".join(_path(path) for path in (str(service.data), *(f"-{path}" for path in service.writes))),
        rights="CAP_NET_BIND_SERVICE" if service.low_port else "",
    )


def _prepare(service: Service) -> Commands:
    """Make the user, who has no password and no shell, and the data folder, which is theirs alone.

    In it there is an empty database from now on. A server that finds none is not on the disk it is meant to be on, and
    the unit has it begin nothing there (`expect_data`); that systemd mounts the disk first says `WorkingDirectory`.
    """
    made = ("useradd", "--system", "--user-group", "--home-dir", str(service.data), "--shell", "/usr/sbin/nologin")
    user = f"id -u {shlex.quote(service.user)} >/dev/null 2>&1 || {shlex.join((*made, service.user))}"
    owner = ("-o", service.user, "-g", service.user, "-m", "0700")
    database = shlex.quote(str(DataFolder(service.data).database))
    begun = f"test -e {database} || {shlex.join(('install', *owner[:-1], '0600', '/dev/null'))} {database}"
    return ("sh", "-c", user), ("install", "-d", *owner, str(service.data)), ("sh", "-c", begun)


def _refuse(service: Service) -> str:
    program = Path(service.command[0])
    behind = program.resolve()
    for home in _HOMES:
        if behind.is_relative_to(home) and not program.is_relative_to(home):
            return (
                f"The service is kept out of {home}, and {program} leads to {behind}: make its virtual environment "
                "with the system's Python, or install the one file that needs none."
            )
    for path in (program, service.config, service.data, *service.writes, *service.reads):
        for home in _HOMES:
            if path.is_relative_to(home):
                end = ", such as /usr/local/bin." if path == program else "."
                return f"The service is kept out of {home}: put {path} elsewhere first{end}"
    return ""


def _path(path: str) -> str:
    """A path of ReadWritePaths; with `-` before it, it need not be there when the service starts (a disk's may not)."""
    escaped = _literal(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(escaped) & set(" \t'\";\\") else escaped


def _literal(path: object) -> str:
    """A path in a unit, where % begins what systemd puts in (systemd.unit(5), Specifiers)."""
    return str(path).replace("%", "%%")


def _quoted(word: str) -> str:
    """A word of ExecStart, in which % and $ mean something (systemd.service(5), Command lines)."""
    escaped = word.replace("%", "%%").replace("$", "$$").replace("\\", "\\\\").replace('"', '\\"')
    return escaped if escaped.isascii() and not set(escaped) & set(" \t'\";\\") else f'"{escaped}"'


SYSTEMD = Manager(
    platform="linux",
    path=Path("/etc/systemd/system", _NAME),
    config=Path("/etc/dropdock/appliance.toml"),
    data=Path("/var/lib/dropdock"),
    text=_text,
    install=(("systemctl", "daemon-reload"), ("systemctl", "enable", _NAME), ("systemctl", "restart", _NAME)),
    remove=(("systemctl", "disable", "--now", _NAME),),
    status=("systemctl", "status", "--no-pager", _NAME),
    stop=(("systemctl", "stop", _NAME),),
    start=(("systemctl", "start", _NAME),),
    present=(("systemctl", "show", "--property=Version"),),
    prepare=_prepare,
    refuse=_refuse,
)
