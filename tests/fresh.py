"""A fresh installation's database, and one with an operator, made once: each takes longer than most tests."""

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from appliance.data_folder import DataFolder
from tests.cast import OLGA

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


def lay_operator(data: Path) -> str:
    """Give a data folder that is new Olga's account, made on the command line; a personal token of hers."""
    made, token = _operated()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in (made.database, made.secret_key):
        shutil.copy(path, data)
    return token


@functools.cache
def _operated() -> tuple[DataFolder, str]:
    data = _folder()
    lay_database(data)
    account = ["account", "create", "--email", OLGA.email, "--role", OLGA.role, "--password-stdin"]
    token = ["token", "create", "--account", OLGA.email, "--name", "test"]
    said = ""
    for words in (account, token):
        command = [sys.executable, str(ROOT / "main.py"), *words, "--data", str(data)]
        said = subprocess.run(
            command, input=OLGA.password, check=True, timeout=120, stdout=subprocess.PIPE, text=True
        ).stdout
    return DataFolder(data), said.strip()


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="dropdock-fresh-"))
    atexit.register(shutil.rmtree, folder)
    return folder


@functools.cache
def _migrated() -> Path:
    folder = _folder()
    subprocess.run([sys.executable, "-c", MIGRATE, folder], cwd=ROOT, check=True, timeout=120)
    return DataFolder(folder).database
