"""The processes that answer visitors beside this one: what has to reach them before a change may be called done."""

from typing import Protocol

from appliance.pointer import Pointer


class Peers(Protocol):
    """Told of every change to what visitors get. What returns is in force in every process by then."""

    async def stage(self, host: str, pointer: Pointer) -> None:
        """Have what is about to be put at a host compiled beside what is there; only to save time."""
        ...

    async def put(self, host: str, pointer: Pointer) -> None:
        """Let a host lead to something else."""
        ...

    async def drop(self, hosts: list[str]) -> None:
        """Forget what these hosts lead to; whoever asks for one of them is told anew."""
        ...

    async def regate(self, site: str) -> None:
        """Let a site stand behind the gate it has now."""
        ...

    async def withdraw(self, site: str) -> None:
        """Answer for a site no more, live or by its deploys' own hosts."""
        ...

    def loaded(self, host: str) -> None:
        """Note that a host, which nobody had asked for lately, is in the table now."""
        ...


class Alone:
    """No other process."""

    async def stage(self, host: str, pointer: Pointer) -> None:
        """Nobody has to know."""

    async def put(self, host: str, pointer: Pointer) -> None:
        """Nobody has to know."""

    async def drop(self, hosts: list[str]) -> None:
        """Nobody has to know."""

    async def regate(self, site: str) -> None:
        """Nobody has to know."""

    async def withdraw(self, site: str) -> None:
        """Nobody has to know."""

    def loaded(self, host: str) -> None:
        """Nobody has to know."""
