"""Is there anybody at the other end who reads what we write?"""

import asyncio


class Stalling:
    """Watches how a transport's reader takes what waits for it."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        self._transport = transport
        self._unsent = 0
        self._moved = asyncio.get_running_loop().time()

    def is_over(self, now: float, seconds: float) -> bool:
        """Whether bytes have waited and none has gone for so long; to be asked every now and then."""
        unsent = self._transport.get_write_buffer_size()
        if not unsent or unsent != self._unsent:
            self._unsent, self._moved = unsent, now
            return False
        return now - self._moved > seconds
