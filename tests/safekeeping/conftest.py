"""A data folder with history: two sites, several deploys, a draft, keys; made once, copied for each test."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from appliance.data_folder import DataFolder
from tests.builders import appliance, deployed, page, served, zip_of
from tests.cast import OLGA
from tests.safekeeping.store import Store, running

SHOP = {"index.html": page("shop"), "big.css": "p { color: red }\n" * 3_000, "a b/ü.txt": "umlaut", "empty.txt": ""}
BLOG = {"index.html": page("blog"), "big.css": "p { color: red }\n" * 3_000}
ADDRESSES = [("shop", "/"), ("shop", "/big.css"), ("shop", "/a%20b/%C3%BC.txt"), ("shop", "/empty.txt")]
ADDRESSES += [("blog", "/"), ("blog", "/big.css"), ("blog", "/no-such-page")]
CODINGS = ("identity", "gzip", "br", "zstd")


async def _make(data: Path) -> None:
    async with appliance(data) as server, server.client(OLGA) as client:
        await deployed(client, "shop", zip_of({"index.html": page("old"), "gone.txt": "only in the first deploy"}))
        await deployed(client, "shop", zip_of(SHOP))
        await deployed(client, "shop", zip_of({"index.html": page("draft")}), draft="true")
        await deployed(client, "blog", zip_of(BLOG))


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as it was left by a server that stopped; not to be changed."""
    data = tmp_path_factory.mktemp("original") / "data"
    asyncio.run(_make(data))
    (data / "certs" / "site.pem").write_text("a certificate")
    return data


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> DataFolder:
    """A copy of it, to be used and damaged."""
    shutil.copytree(original, tmp_path / "data")
    return DataFolder(tmp_path / "data")


@pytest.fixture(scope="session")
def seen(original: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], tuple[int, bytes]]:
    """What visitors of the original get."""
    copy = tmp_path_factory.mktemp("seen") / "data"
    shutil.copytree(original, copy)
    return visit(copy)


def visit(data: Path) -> dict[tuple[str, str, str], tuple[int, bytes]]:
    """Status, and the bytes as they are sent, at each address of the sites that a server on this folder has."""
    found = {}
    with served(data) as server, httpx.Client(timeout=30) as visitor:
        for site, path in ADDRESSES:
            for coding in CODINGS:
                headers = {"host": f"{site}.localhost:{server.port}", "accept-encoding": coding}
                with visitor.stream("GET", f"http://127.0.0.1:{server.port}{path}", headers=headers) as answer:
                    found[site, path, coding] = (answer.status_code, b"".join(answer.iter_raw()))
    return found


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Reads every file below a folder but locks: path → bytes."""
    return lambda root: {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    }


@pytest.fixture(scope="session")
def s3_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with running(tmp_path_factory.mktemp("s3")) as port:
        yield port


@pytest.fixture
def store(s3_port: int, request: pytest.FixtureRequest) -> Store:
    return Store(s3_port, "".join(letter for letter in request.node.name if letter.isalnum()))
