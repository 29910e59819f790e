"""How much of what costs us and asks for nothing is borne from one connection."""

from appliance.serving.h2.frames import Code, ConnectionFault


class Patience:
    """A store of `most` that refills by `per_second`; whoever empties it is told to calm down."""

    __slots__ = ("_left", "_most", "_per_second", "_seen")

    def __init__(self, most: float, per_second: float) -> None:
        self._most = self._left = most
        self._per_second = per_second
        self._seen = 0.0

    def spend(self, now: float) -> None:
        """Take one off at the time `now`, in seconds of any clock that does not go back; raises ConnectionFault."""
        self._left = min(self._most, self._left + (now - self._seen) * self._per_second) - 1
        self._seen = now
        if self._left < 0:
            raise ConnectionFault(Code.ENHANCE_YOUR_CALM)
