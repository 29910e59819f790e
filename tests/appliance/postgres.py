"""A PostgreSQL server of the test's own, on a Unix socket in a temporary folder, gone when the test is."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

INSTALLED = Path("/usr/lib/postgresql")  # a folder per version, the way Debian has it


@contextmanager
def postgres_server() -> Iterator[Path]:
    """Start a server; yields the folder its socket is in. User `postgres`, no password, database `postgres`."""
    programs = max(INSTALLED.glob("*/bin"), key=lambda path: int(path.parent.name))
    folder = Path(tempfile.mkdtemp(prefix="pg-"))  # a socket's path may have 107 bytes, which pytest's folders exceed
    user = _server_user(folder)
    data = folder / "data"
    try:
        _run(
            user, [programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"]
        )
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c shared_buffers=16MB"
        _run(user, [programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", settings, "start"])
        try:
            yield folder
        finally:
            _run(user, [programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder)


def _server_user(folder: Path) -> str | None:
    """PostgreSQL refuses to run as root; Debian's package has made a user for it."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam("postgres")
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    return owner.pw_name


def _run(user: str | None, command: Sequence[Path | str]) -> None:
    subprocess.run(command, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
