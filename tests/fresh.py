"""The database of a fresh installation, made once: bringing one up by its migrations takes longer than most tests."""

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from appliance.data_folder import DataFolder

ROOT = Path(__file__).parents[1]
# In a process of its own: a process has one database, and the one of the test may be open.
MIGRATE = """
import asyncio, sys
from pathlib import Path
from appliance import db
from appliance.data_folder import DataFolder

async def migrate(folder):
    folder.create()
    async with await db.open(folder):
        pass

asyncio.run(migrate(DataFolder(Path(sys.argv[1]))))
"""


def lay_database(data: Path) -> None:
    """Give a data folder that has no database yet a migrated, empty one, as its first start would."""
    database = DataFolder(data).database
    if not database.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy(_migrated(), database)


@functools.cache
def _migrated() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dropdock-fresh-"))
    atexit.register(shutil.rmtree, folder)
    subprocess.run([sys.executable, "-c", MIGRATE, folder], cwd=ROOT, check=True, timeout=120)
    return DataFolder(folder).database
