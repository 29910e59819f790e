"""Podman or Docker: a build in a container of an image that the operator chose, and put on the machine."""

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

from builds.sandbox import limits, proxy, seccomp, system, within
from builds.sandbox.destinations import Reach
from builds.sandbox.engine import Contained, Engine, Run
from builds.sandbox.ownership import hand_over
from builds.sandbox.proof import Unusable, first_proven
from builds.sandbox.refusals import failed, over_memory
from builds.sandbox.running import follow
from builds.sandbox.scratch import scratch
from builds.sandbox.uids import own_uid
from builds.sandbox.values import Bounds, Command, Say, Wishes

ENGINES = ("podman", "docker")
OUT_OF_MEMORY = "oom"  # what Podman's conmon writes where it runs, once the kernel has ended something for its memory
SHARED_MEMORY = 64_000_000  # bytes of /dev/shm


@dataclass(frozen=True, slots=True)
class Container:
    """Runs commands in new containers of `image`, as the user `uid`, in which nothing is writable but their folders.

    The engine has to be on this machine. The image needs `sh`, and what the builds need; nothing is pulled.
    """

    engine: Engine
    image: str
    uid: int
    reach: Reach
    name: str = "container"
    isolated: bool = True

    @property
    def about(self) -> str:
        """What holds a build."""
        return (
            f"Builds are isolated by {self.engine.name}: in containers of {self.image}, under user id {self.uid}, "
            "without rights, with a read-only system and no network but a filtered one while fetching."
        )

    def run(self, command: Command, bounds: Bounds, say: Say, cancelled: threading.Event) -> int:
        """As `Sandbox.run`."""
        if command.network:
            command = replace(command, environment={**proxy.environment(within.ADDRESS), **command.environment})
        if os.geteuid() == 0:
            hand_over(command.writable, self.uid)
        with ExitStack() as until_end:
            place = until_end.enter_context(scratch())

            def start(output: int) -> Contained:
                profile = place / "seccomp.json"
                profile.write_text(seccomp.profile(), encoding="ascii")
                options = [f"--security-opt=seccomp={profile}", *self._options(command, bounds)]
                contained = self.engine.start(Run(command.argv, options, bounds.seconds), self.image, output, place)
                until_end.callback(contained.close)
                if command.network:
                    listener = until_end.enter_context(closing(within.of(contained.root)))
                    until_end.enter_context(proxy.serving(listener, self.reach))
                contained.go(system.script(command.environment, command.folder))
                return contained

            status = follow(start, command, bounds, say, cancelled)
            if (place / OUT_OF_MEMORY).exists():  # whatever it ended with: some of it was ended before it was done
                raise over_memory(bounds)
            return status

    def _options(self, command: Command, bounds: Bounds) -> Iterator[str]:
        yield from ("--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges")
        yield from ("--security-opt=label=disable", "--hostname=build", "--workdir=/", f"--user={self.uid}:{self.uid}")
        yield from (f"--memory={bounds.memory}", f"--pids-limit={bounds.processes}", f"--shm-size={SHARED_MEMORY}")
        yield f"--tmpfs=/tmp:rw,nosuid,nodev,exec,mode=1777,size={bounds.temporary}"
        for name, value in limits.of(bounds).items():
            yield f"--ulimit={name}={value}:{value}"
        for paths, mode in ((command.readable, "ro"), (command.writable, "rw")):
            for path in paths:
                if ":" in str(path):
                    raise failed(f"a container cannot be given {path}, for the colon in its name")
                yield f"--volume={path}:{path}:{mode}"


def usable(wishes: Wishes) -> Container:
    """The form that works here. Raises Unusable."""
    if not wishes.image:
        raise Unusable("sandbox_image names no image.")
    found = [(name, path) for name in ENGINES if (path := shutil.which(name))]
    if not found:
        raise Unusable("neither podman nor docker is found: install one of the packages podman and docker.")
    uid = own_uid(*wishes.uids) if os.geteuid() == 0 else os.getuid()
    if uid is None:
        raise Unusable(f"every user id from {wishes.uids[0]} to {wishes.uids[1]} is taken: widen build_uids.")
    engines = [Engine(name, path) for name, path in found]
    for engine in engines:
        engine.sweep()
    return first_proven([Container(engine, wishes.image, uid, Reach(wishes.reach)) for engine in engines])
