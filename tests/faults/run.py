"""Break a server again and again, and count what was lost: `python tests/faults/run.py --rounds N [--seed S]`.

Each round is a fault in the real program, on the data the last one left, while several people deploy, patch, roll back,
publish, delete, move aliases and back up, and visitors read: SIGKILL at a named step of its work or at any moment, a
build child that is killed, a disk that is full or fails. After each, everything that was ever answered is looked for.
Exits with 1 when anything was lost.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.faults.campaign import Campaign

START = 3.0  # seconds in which a server should be there again


def main(arguments: list[str]) -> int:
    """Run a campaign in a temporary folder and print what came of it."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--seed", type=int, default=None)
    options.add_argument("--folder", type=Path, default=None, help="where to work; kept afterwards")
    chosen = options.parse_args(arguments)
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    with tempfile.TemporaryDirectory(prefix="dropdock-faults-") as scratch:
        campaign = Campaign((chosen.folder or Path(scratch)) / "data", seed)
        signal.signal(signal.SIGTERM, _stop)
        try:
            campaign.run(chosen.rounds)
        finally:
            report(campaign, seed)
    return 1 if campaign.lost else 0


def _stop(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt  # what was found so far is reported all the same


def report(campaign: Campaign, seed: int) -> None:
    """Print the faults by kind, and every loss."""
    print(f"seed {seed}, {os.cpu_count()} cores")
    for kind, count in sorted(campaign.faults.items()):
        print(f"{count:5}  {kind}")
    print(f"{campaign.faults.total():5}  faults in all; {campaign.answered} changes answered, {campaign.visits} visits")
    slow = [seconds for seconds in campaign.starts if seconds > START]
    starts = sorted(campaign.starts) or [0.0]
    middle, last = starts[len(starts) // 2], starts[-1]
    print(f"starts: median {middle:.2f} s, longest {last:.2f} s, {len(slow)} of {len(starts)} over {START:.0f} s")
    for loss in campaign.lost:
        print(f"LOST: {loss}")
    print(f"losses: {len(campaign.lost)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
