"""Operators are told of connections that the door refused."""

from structlog.testing import capture_logs

from appliance.serving.counters import Counters
from appliance.serving.limits import DoorLimits
from appliance.turned_away import TurnedAway


async def test_refused_connections_are_told_once_with_how_many_there_may_be() -> None:
    counters = Counters()
    turned_away = TurnedAway(counters, DoorLimits(connections=7, connections_per_address=3))
    with capture_logs() as lines:
        await turned_away.tell()
        counters.refused += 2
        await turned_away.tell()
        await turned_away.tell()
        counters.refused += 1
        await turned_away.tell()

    assert [(line["event"], line["refused"], line["connections"]) for line in lines] == [
        ("connections_refused", 2, 7),
        ("connections_refused", 1, 7),
    ]
