"""Lets deploys be stored where their owner's plan has room for them, and the next one know what the last one took."""

import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from appliance.building import Building
from appliance.storage.manifest import Manifest, named_by


class Storing:
    """Usable from several threads; `on_loop` has a step done on the event loop, and waits for it."""

    def __init__(self, building: Building, on_loop: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._building = building
        self._on_loop = on_loop
        self._alone = threading.Lock()

    @contextlib.contextmanager
    def room_for(self, deploy: str, manifest: Manifest) -> Iterator[None]:
        """Hold the room a plan has for this deploy until that is recorded; raises BuildError where there is none."""
        if self._building.limits_nobody or not self._on_loop(self._building.has_limited_room(deploy)):
            yield
            return
        with self._alone:
            self._on_loop(self._building.check_room(deploy, named_by(manifest)))
            yield
