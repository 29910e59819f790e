"""A build child that waits before it works, for as long as a test wants: `python held_child.py BLOBS GATE`."""

import asyncio
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOOK = 0.01  # seconds between two looks at the gate


class Gate:
    """A folder through which a test holds deploys: the next one to be worked on, each time it asks for that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def command(self, data: Path) -> list[str]:
        """What starts such a child of the server on this data folder."""
        return [sys.executable, __file__, str(data / "blobs"), str(self.folder)]

    def hold_next(self) -> None:
        """Have the next deploy wait before its upload is opened."""
        (self.folder / "next").touch()

    def has_started(self) -> bool:
        """Whether a child is ready for its first deploy."""
        return (self.folder / "started").exists()

    async def held(self, deploy: str) -> None:
        """Return once this deploy waits."""
        async with asyncio.timeout(60):
            while not (self.folder / deploy).exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(LOOK)

    def let_go(self, deploy: str) -> None:
        """Let it go on."""
        (self.folder / deploy).unlink()

    def wait(self, deploy: str) -> None:
        """In the child: wait, if somebody asked for it."""
        held = self.folder / deploy
        try:
            (self.folder / "next").rename(held)
        except FileNotFoundError:
            return
        while held.exists():
            time.sleep(LOOK)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from appliance.storage.blobs import Blobs, StagedBlobs
    from builds import child
    from tests.presses import presses

    blobs, gate = Blobs(Path(sys.argv[1])), Gate(Path(sys.argv[2]))

    (gate.folder / "started").touch()

    def stage(workspace: Path) -> StagedBlobs:
        """The store, once the gate is open."""
        staged = blobs.stage(workspace)
        gate.wait(workspace.name)
        return staged

    sys.exit(child.main(stage, presses()))
