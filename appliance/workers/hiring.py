"""How a server comes by its workers: places for them to listen at and to count in, and what each is told first."""

import os
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from appliance.front_door import FrontDoor
from appliance.listening import share
from appliance.live import LiveSites
from appliance.parts import Parts
from appliance.serving.slow_lane import AsgiApp
from appliance.settings import carried
from appliance.ways_in import WaysIn
from appliance.workers import memory
from appliance.workers.crew import Crew, Orders, Post
from appliance.workers.errands import Errands
from appliance.workers.memory import Places
from appliance.workers.messages import Begin


@dataclass(frozen=True, slots=True)
class Vacancies:
    """What there is for the workers before they are: this process has the first of `places`."""

    posts: Sequence[Post]
    places: Places
    memory: int
    crowd_key: bytes

    @classmethod
    def of(cls, workers: int, ways: WaysIn, stack: ExitStack) -> "Vacancies":
        """For one worker less than `workers`, as this process is one; `stack` gives it up. Raises CannotListen."""
        posts = []
        for _ in range(workers - 1):
            post = Post(share(ways.plain), share(ways.tls) if ways.tls else [])
            stack.callback(post.close)
            posts.append(post)
        descriptor, key = memory.make(workers), secrets.token_bytes(16)
        stack.callback(os.close, descriptor)
        return cls(posts, Places(descriptor, workers, key), descriptor, key)

    def crew(
        self,
        command: Sequence[str],
        parts: Parts,
        ways: WaysIn,
        live: LiveSites,
        door: FrontDoor,
        app: AsgiApp,
    ) -> Crew:
        """The workers, not started yet, and told of what goes live from here on."""
        settings, access = parts.settings, parts.access

        def begin(number: int) -> Begin:
            return Begin(
                settings=carried(settings),
                place=number + 1,
                processes=len(self.posts) + 1,
                plain=len(self.posts[number].plain),
                https_port=ways.reception.policy.https_port,
                https=access.https,
                gate_key=access.keys.gate,
                proofs_key=live.entrances.proofs.key,
                crowd_key=self.crowd_key,
            )

        orders = Orders(command, begin, self.posts, self.places, self.memory, float(settings.worker_timeout))
        tls = ways.certificates.first if ways.certificates else None
        crew = Crew(orders, live, parts.counters, Errands(door, app, ways.access_log), door, tls)
        live.peers = crew
        return crew
