"""A clock that a running program goes by, and tests set while it runs: libfaketime, of Debian's package faketime."""

from pathlib import Path

LIBRARIES = tuple(
    Path(f"/usr/lib/{machine}-linux-gnu/faketime/libfaketimeMT.so.1") for machine in ("x86_64", "aarch64")
)


class SetClock:
    """The time of day of programs started with `environment`, as far from the true one as was last said."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.jump(0)

    @property
    def environment(self) -> dict[str, str]:
        """What a program has to be started with. How long things take, and when files were written, stays true."""
        library = next(library for library in LIBRARIES if library.exists())
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._place),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # as older versions have it
            "NO_FAKE_STAT": "1",
        }

    def jump(self, hours: float) -> None:
        """Be so far off the true time from now on."""
        beside = self._place.with_suffix(".new")
        beside.write_text(f"{hours * 3600:+.0f}\n")
        beside.replace(self._place)
