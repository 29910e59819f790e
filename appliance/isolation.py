"""What holds a build on this machine, found out by trying; for the admin, `check`, and whoever wants to build."""

import asyncio
from dataclasses import dataclass

from appliance.settings import Settings
from appliance.site_builds import wishes_of
from builds.errors import BuildError
from builds.sandbox import scratch
from builds.sandbox.probe import probe


@dataclass(frozen=True, slots=True)
class IsolationFacts:
    """What builds run in: `name` is bubblewrap, container, process, or none where nothing can be built here.

    `about` is a sentence for people; it says "not isolated" where that is so.
    """

    name: str
    isolated: bool
    about: str


def look(settings: Settings) -> IsolationFacts:
    """Try it. Blocking: starts a process or a few."""
    try:
        sandbox = probe(wishes_of(settings))
    except BuildError as error:
        return IsolationFacts("none", isolated=False, about=error.detail)
    return IsolationFacts(sandbox.name, sandbox.isolated, sandbox.about)


class Isolation:
    """What builds run in, tried once when somebody first asks. Used on the event loop only."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: asyncio.Task[IsolationFacts] | None = None

    async def get(self) -> IsolationFacts:
        """What was found."""
        if self._found is None:
            self._found = asyncio.create_task(asyncio.to_thread(look, self._settings))
        return await asyncio.shield(self._found)

    async def clear_away(self) -> None:
        """Remove what builds have left in the temporary folder whose server was killed, or they themselves."""
        await asyncio.to_thread(scratch.sweep)
