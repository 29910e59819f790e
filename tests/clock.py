"""A clock that tests can move."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


@dataclass
class Clock:
    """The time, as far as the code under test can tell."""

    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        """Let time pass; `span` as `timedelta` takes it."""
        self.time += timedelta(**span)
