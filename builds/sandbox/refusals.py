"""How a command ends before its time, in words for the site's author."""

from builds.bounds import written
from builds.errors import BuildError
from builds.sandbox.quota import LEFT, LEFT_FILES
from builds.sandbox.values import Bounds


def cancelled_build() -> BuildError:
    """Somebody stopped it."""
    return BuildError("cancelled", "The build was cancelled.", retry=True)


def over_time(bounds: Bounds) -> BuildError:
    """It took too long."""
    return BuildError(
        "timed_out",
        f"The build was ended after {bounds.seconds:g} seconds, as long as one may take (build_timeout). "
        "Make it do less, or ask the operator for more time.",
        retry=True,
    )


def over_memory(bounds: Bounds) -> BuildError:
    """Its processes held too much memory together."""
    return _over("too_much_memory", "used more memory than it may", ("build_memory", written(bounds.memory)))


def over_processes(bounds: Bounds) -> BuildError:
    """It started too many."""
    return _over("too_many_processes", "started too many processes", ("build_processes", str(bounds.processes)))


def over_disk(bounds: Bounds) -> BuildError:
    """It wrote too much."""
    return _over("disk_quota", "wrote more to disk than it may", ("build_disk", written(bounds.workspace)))


def full_disk() -> BuildError:
    """It filled the disk before it had written too much."""
    return BuildError(
        "disk_full",
        f"The build was ended, as the server's disk was nearly full: less than {written(LEFT)} or {LEFT_FILES} files "
        "were left. Its operator has to free some; try again then.",
        retry=True,
    )


def failed(why: str) -> BuildError:
    """The sandbox, not the build, is at fault."""
    return BuildError(
        "sandbox_failed", f"The build could not be started in its sandbox: {why}. Its operator should look.", retry=True
    )


def _over(code: str, what: str, limit: tuple[str, str]) -> BuildError:
    detail = f"The build {what} and was ended. The limit is {limit[0]} = {limit[1]}; ask the operator to raise it."
    return BuildError(code, detail, limit=limit)
