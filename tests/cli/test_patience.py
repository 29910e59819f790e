"""Trying again: for as long as was said, not sooner than the server says, and only where it can help."""

import time

import pytest

from appliance.cli.client import Refused, Unreachable
from appliance.cli.output import Failure
from appliance.cli.patience import MOST, Patience

GONE = Unreachable("The connection broke.")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: made.now)
    monkeypatch.setattr(time, "sleep", made.sleep)
    return made


class Step:
    """Fails in these ways, one after the other, then is done."""

    def __init__(self, *failures: Failure) -> None:
        self._failures = list(failures)
        self.taken = 0

    def __call__(self) -> str:
        self.taken += 1
        if self._failures:
            raise self._failures.pop(0)
        return "done"


def test_a_broken_connection_is_tried_again_later_and_later(clock: Clock) -> None:
    assert Patience(100).until_done(Step(*[GONE] * 6)) == "done"

    steady = [pause / expected for pause, expected in zip(clock.slept, (0.5, 1, 2, 4, 8, 8), strict=True)]
    assert all(0.75 <= pause <= 1.25 for pause in steady)
    assert max(clock.slept) <= MOST * 1.25


def test_the_server_s_own_time_is_waited_for(clock: Clock) -> None:
    busy = Refused("Busy.", 429, "too_many_uploads", wait=17)

    assert Patience(100).until_done(Step(busy)) == "done"
    assert clock.slept == [17]


def test_a_wait_beyond_the_patience_is_not_begun(clock: Clock) -> None:
    with pytest.raises(Refused, match="Busy"):
        Patience(60).until_done(Step(Refused("Busy.", 429, "too_many_uploads", wait=61)))

    assert clock.slept == []


def test_it_ends_when_the_patience_does(clock: Clock) -> None:
    step = Step(*[GONE] * 100)

    with pytest.raises(Unreachable):
        Patience(20).until_done(step)

    assert clock.now <= 20
    assert 4 <= step.taken <= 8


@pytest.mark.parametrize(
    "final",
    [
        Refused("No.", 400, "bad"),
        Refused("Never.", 422, "invalid"),
        Refused("No room.", 503, "storage_failed"),
        Failure("The file changed."),
    ],
)
def test_what_does_not_pass_is_not_tried_again(clock: Clock, final: Failure) -> None:
    step = Step(final)

    with pytest.raises(Failure):
        Patience(60).until_done(step)

    assert (step.taken, clock.slept) == (1, [])


@pytest.mark.usefixtures("clock")
def test_a_proxy_that_misses_the_server_is_asked_again() -> None:
    assert Patience(60).until_done(Step(Refused("Not a Dropdock server (502).", 502))) == "done"


@pytest.mark.usefixtures("clock")
def test_it_is_told_once_each_time_the_server_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    patience = Patience(60)
    patience.until_done(Step(GONE, GONE, GONE))
    patience.until_done(Step(GONE))

    assert capsys.readouterr().err == "The connection broke. Trying again for up to 1m.\n" * 2
