"""People who read the pages of one world in a language, without a browser."""

from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx

from tests.admin_ui.desk import NAVIGATION
from tests.admin_ui.states import State
from tests.admin_ui.world import World
from tests.cast import Person


@dataclass
class Reader:
    """One language; each person signs in once, until the stack ends."""

    world: World
    language: str
    stack: ExitStack
    signed: dict[Person | None, httpx.Client] = field(default_factory=dict)

    def read(self, state: State) -> str:
        """The HTML of a state that nobody has to do anything for."""
        answer = self._client(state.who).get(self.world.address(state.path))
        assert answer.status_code == state.status, state.id
        return answer.text

    def _client(self, person: Person | None) -> httpx.Client:
        if person not in self.signed:
            headers = NAVIGATION | {"Accept-Language": self.language}
            client = self.stack.enter_context(httpx.Client(headers=headers, timeout=30, follow_redirects=True))
            self.signed[person] = client
            if person:
                client.post(
                    f"{self.world.url}/sign-in", data={"email": person.email, "password": person.password}
                ).raise_for_status()
        return self.signed[person]
