"""How long a sender may pause: the one wait of everything that is received piece by piece."""

import asyncio
from collections.abc import AsyncIterator

from appliance.errors import BadInput, Limit
from appliance.settings import Settings


async def next_piece(pieces: AsyncIterator[bytes], settings: Settings) -> bytes:
    """The next piece, b"" at the end. Raises BadInput when the sender pauses for longer than `upload_timeout`."""
    try:
        async with asyncio.timeout(settings.upload_timeout):
            return await anext(pieces, b"")
    except TimeoutError:
        pause = Limit("upload_timeout", str(settings.upload_timeout))
        raise BadInput(
            f"The upload paused for more than {pause.value}: send it again.", code="stalled", limit=pause
        ) from None
