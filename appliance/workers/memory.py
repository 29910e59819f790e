"""Memory that the server's processes share, for the numbers of connections that each has open."""

import mmap
import os
import tempfile

from appliance.serving.crowd import ROW, SharedCrowd, clear
from appliance.serving.limits import DoorLimits

_ROW_BYTES = 4 * ROW


class Places:
    """A place for the numbers of each process. `key` is the same in all of them; see SharedCrowd."""

    def __init__(self, descriptor: int, count: int, key: bytes) -> None:
        """The places in memory that `make` made; what is seen here stays when the descriptor is closed."""
        numbers = memoryview(mmap.mmap(descriptor, count * _ROW_BYTES)).cast("I")
        self._rows = [numbers[place * ROW : (place + 1) * ROW] for place in range(count)]
        self._key = key

    def crowd(self, place: int, limits: DoorLimits) -> SharedCrowd:
        """The connections of the process that has this place."""
        return SharedCrowd(limits.connections, limits.connections_per_address, self._rows, place, self._key)

    def clear(self, place: int) -> None:
        """Whoever had this place is no more."""
        clear(self._rows[place])


def make(count: int) -> int:
    """Memory for so many places; the descriptor is the caller's to close."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("dropdock-connections")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, count * _ROW_BYTES)
    return descriptor
