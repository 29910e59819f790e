"""What is read of files for visitors, and when."""

import asyncio
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.serving.bodies import PIECE, Bodies
from appliance.serving.replies import FilePart

VISITORS = 100
LARGE = 20 * PIECE


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    bodies = Bodies()
    yield bodies
    bodies.close()


async def test_of_many_visitors_who_come_at_once_each_has_its_piece_read_when_it_is_their_turn(
    bodies: Bodies, tmp_path: Path
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(b"." * LARGE)  # and so it is in the page cache
    part = FilePart(str(large), 0, LARGE, LARGE)

    async def sip() -> int:
        reading = bodies.open(part)
        try:
            return len(await reading.read(PIECE))
        finally:
            reading.close()

    visits = [asyncio.ensure_future(sip()) for _ in range(VISITORS)]
    tracemalloc.start()
    try:
        await asyncio.sleep(0)  # all have come
        time.sleep(1)  # noqa: ASYNC251 - the loop is busy with something else: what threads read would pile up
        waiting, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert set(await asyncio.gather(*visits)) <= {PIECE}
    assert waiting < 4 * PIECE
