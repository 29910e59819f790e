"""What a build sees under bubblewrap, as the arguments that make it so."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from builds.sandbox import system
from builds.sandbox.values import Bounds, Command

SHARED_MEMORY = 64_000_000  # bytes of /dev/shm
PRIVATE = ("pid", "net", "ipc", "uts")


def namespaces(*, own_uid: bool) -> list[str]:
    """The namespaces, and the rights: none, but for changing into `own_uid`, which ends them too."""
    kept = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP") if own_uid else ()
    return [
        *(f"--unshare-{kind}" for kind in (PRIVATE if own_uid else (*PRIVATE, "user"))),
        "--unshare-cgroup-try",
        *("--hostname", "build", "--die-with-parent", "--new-session", "--clearenv"),
        *("--cap-drop", "ALL"),
        *chain.from_iterable(("--cap-add", right) for right in kept),
    ]


def files(command: Command, bounds: Bounds, made: Mapping[str, int]) -> Iterator[str]:
    """The file system; `made` are files that only exist in there: their paths, and file descriptors to read them from.

    Folders on the way are made by hand: bubblewrap would make them for root alone.
    """
    shown = system.shown()
    for path, target in system.top():
        yield from ("--ro-bind", str(path), str(path)) if target is None else ("--symlink", target, str(path))
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from _memory("/dev/shm", SHARED_MEMORY)  # noqa: S108 - its own
    yield from _memory("/tmp", bounds.temporary)  # noqa: S108 - its own
    for folder in system.ancestors([*shown, *command.readable, *command.writable, *map(Path, made)]):
        yield from ("--perms", "0755", "--dir", str(folder))
    for path in shown:
        yield from ("--ro-bind", str(path), str(path))
    for name, descriptor in made.items():
        yield from ("--perms", "0444", "--ro-bind-data", str(descriptor), name)
    yield from _given(command)
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/")


def _given(command: Command) -> Iterator[str]:
    """The command's own folders and files, the outer before the inner."""
    binds = [("--ro-bind", path) for path in command.readable] + [("--bind", path) for path in command.writable]
    for how, path in sorted(binds, key=lambda bind: len(bind[1].parts)):
        yield from (how, str(path), str(path))


def _memory(path: str, size: int) -> Iterator[str]:
    yield from ("--size", str(size), "--perms", "1777", "--tmpfs", path)
