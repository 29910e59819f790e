"""The child that fetches a repository: one job from standard input, one answer to standard output.

The token comes by standard input: it stands in no process list. What the job may cost in memory is bounded here; how
long it may take is the parent's to say, which kills.
"""

import ipaddress
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from builds.cloning import CloneJob, clone
from builds.errors import BuildError

if sys.platform != "win32":  # there a job is bounded by its sizes and by time
    import resource

MEMORY = 2 * 1024**3  # bytes of address space: objects are unpacked one at a time, each as a whole
_NO_MEMORY = "A file of the repository is too large to be fetched this way: leave it out of the repository."


def main() -> int:
    """Do the job; the answer is what was fetched, or why not. The exit status is 0 either way."""
    job = json.loads(sys.stdin.buffer.readline())
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints must not be taken for the answer
    _bound_memory()
    with answers:
        json.dump(_answer(job), answers)
    return 0


def _bound_memory() -> None:
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    archive = Path(job.pop("archive"))
    job["allowed"] = tuple(ipaddress.ip_network(network) for network in job["allowed"])
    try:
        with tempfile.TemporaryDirectory(dir=archive.parent) as workspace:
            done = clone(CloneJob(**job), Path(workspace), archive)
    except BuildError as error:
        return {"error": {"code": error.code, "detail": error.detail}}
    except MemoryError:
        return {"error": {"code": "too_large", "detail": _NO_MEMORY}}
    return {"branch": done.branch, "commit": done.commit, "message": done.message}
