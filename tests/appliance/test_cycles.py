"""A running server is not held up by looking for garbage among what it was made of."""

import subprocess
import sys
from pathlib import Path

SAY = """
import gc, sys
from pathlib import Path
import main
from appliance import cycles
from appliance.backstage import Backstage
from appliance.settings import Address, Settings

cycles.wait()
settings = Settings(data=Path(sys.argv[1]), listen=Address.parse("127.0.0.1:0"))
server = Backstage(settings, main._program(settings, None))
server.start()
try:
    print(gc.isenabled(), gc.get_freeze_count(), len(gc.get_objects()))
finally:
    server.stop()
"""


def test_a_collection_looks_at_nothing_that_was_there_when_the_server_began_to_listen(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SAY, str(tmp_path / "data")]

    collects, kept, looked_at = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-3:]

    assert collects == "True"
    assert int(looked_at) < int(kept) / 20
