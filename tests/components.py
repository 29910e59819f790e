"""What tests need from the operating system, whether it is here, and getting it with apt where that is allowed.

A test names what it needs by Debian's package names, `@pytest.mark.needs("zstd")`; `COMPONENTS` is the list of them.
Run as a program (`python -m tests.components`) it installs what is missing and never fails: what could not be had is
named by the test run itself (`tests/selection.py`).
"""

import os
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MACHINES = ("x86_64", "aarch64")
INSTALL_SECONDS = 600  # chromium and the Java documentation are some 300 MB to unpack


@dataclass(frozen=True, slots=True)
class Component:
    """A Debian package, and the commands and paths any one of which shows that it, or its like, is here."""

    package: str
    signs: tuple[str, ...]

    def is_here(self) -> bool:
        """Whether a sign is a command on PATH or a path that exists."""
        return any(Path(sign).exists() if sign.startswith("/") else shutil.which(sign) for sign in self.signs)


COMPONENTS = (
    Component("chromium", ("chromium", "chromium-browser", "google-chrome")),
    Component("bubblewrap", ("bwrap",)),
    Component("podman", ("podman",)),
    Component("runc", ("runc", "/usr/sbin/runc")),
    Component("debootstrap", ("debootstrap", "/usr/sbin/debootstrap")),
    Component("unzip", ("unzip",)),
    Component("curl", ("curl",)),
    Component("git", ("git",)),
    Component("zstd", ("zstd",)),
    Component("age", ("age",)),
    Component("openssl", ("openssl",)),
    Component("nginx-light", ("nginx", "/usr/sbin/nginx")),
    Component("caddy", ("caddy",)),
    Component("haproxy", ("haproxy", "/usr/sbin/haproxy")),
    Component("wrk", ("wrk",)),
    Component("nghttp2-client", ("h2load",)),
    Component("postgresql", tuple(f"/usr/lib/postgresql/{version}/bin/initdb" for version in range(15, 20))),
    Component("xvfb", ("Xvfb",)),
    Component("xdotool", ("xdotool",)),
    Component("openbox", ("openbox",)),
    Component("imagemagick", ("import",)),  # a `convert` alone may be another program's
    Component("python3-gi", ("/usr/lib/python3/dist-packages/gi",)),
    Component(
        "gir1.2-webkit2-4.1",
        tuple(f"/usr/lib/{machine}-linux-gnu/girepository-1.0/WebKit2-4.1.typelib" for machine in MACHINES),
    ),
    Component("dbus", ("dbus-run-session",)),
    Component("libxcb-cursor0", tuple(f"/usr/lib/{machine}-linux-gnu/libxcb-cursor.so.0" for machine in MACHINES)),
    Component("libxcb-icccm4", tuple(f"/usr/lib/{machine}-linux-gnu/libxcb-icccm.so.4" for machine in MACHINES)),
    Component("libxcb-keysyms1", tuple(f"/usr/lib/{machine}-linux-gnu/libxcb-keysyms.so.1" for machine in MACHINES)),
    Component("faketime", tuple(f"/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1" for machine in MACHINES)),
    Component("systemd", ("systemd-analyze",)),
    Component("jekyll", ("jekyll",)),
    Component("jekyll-theme-minima", ("/usr/share/doc/jekyll-theme-minima",)),
    # Real sites; their pages are looked for, not the packages: container images often leave documentation out.
    Component("developers-reference", ("/usr/share/developers-reference/index.html",)),
    Component("postgresql-doc-15", ("/usr/share/doc/postgresql-doc-15/html/index.html",)),
    Component("openjdk-17-doc", ("/usr/share/doc/openjdk-17-doc/api/index.html",)),
)


def named(package: str) -> Component:
    """The component of that name; KeyError when a test asks for one that nobody listed."""
    return {component.package: component for component in COMPONENTS}[package]


def browser() -> str | None:
    """Path of a Chromium to drive, None when there is none."""
    found = (shutil.which(sign) for sign in named("chromium").signs)
    return next((path for path in found if path is not None), None)


def why_missing() -> str:
    """Half a sentence that says why a missing component could not be installed."""
    if shutil.which("apt-get") is None:
        return "cannot be installed here (no apt-get)"
    if _as_root() is None:
        return "cannot be installed here (not root)"
    return "could not be installed by apt-get"


def install(components: Iterable[Component]) -> None:
    """Install with one run of apt-get what is not here, as far as apt knows it; says what it does, never fails."""
    wanted = [component.package for component in components if not component.is_here()]
    as_root = _as_root()
    if not wanted or as_root is None or shutil.which("apt-get") is None:
        return
    _run([*as_root, "apt-get", "update", "-qq"])
    known = [package for package in wanted if _run(["apt-cache", "show", "--quiet=2", package], quiet=True)]
    if known:
        print("apt-get install", *known, flush=True)
        options = ["-qq", "-y", "--no-install-recommends"]
        _run([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", *options, *known])


def _as_root() -> list[str] | None:
    """What to put before a command so that it runs as root without asking for a password; None if nothing does."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    return [sudo, "-n"] if sudo and _run([sudo, "-n", "true"], quiet=True) else None


def _run(command: Sequence[str], *, quiet: bool = False) -> bool:
    output = subprocess.DEVNULL if quiet else None
    try:
        finished = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return finished.returncode == 0


if __name__ == "__main__":
    install(COMPONENTS)
