"""What a worker answers from: only what was asked for, never older than what it has said is done."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.pointer import Compiler, Pointer
from appliance.serving.entrances import Entrances
from appliance.serving.release import Release
from appliance.storage.blobs import Blobs
from appliance.storage.manifest import Manifest, Manifests
from appliance.workers.messages import Gated
from appliance.workers.mirror import Mirror
from tests.appliance.ground import manifest_of, sha

HOST = "shop.localhost"
GATE = Gated("everything", "v1", None, {}, b"")


class Held(Compiler):
    """A compiler that takes as long as it is let to; `compiled` are the deploys it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.stored = Manifests(folder)
        self.stored.create()
        super().__init__(self.stored, Blobs(folder / "blobs"))
        self.compiled: list[str] = []
        self.go = threading.Event()
        self.go.set()

    def compile(self, pointer: Pointer, manifest: Manifest | None = None) -> Release:
        self.compiled.append(pointer.deploy)
        assert self.go.wait(30)
        return super().compile(pointer, manifest)

    def pointer(self, text: str) -> Pointer:
        return Pointer("shop", text, self.stored.put(manifest_of(text)))


@pytest.fixture
def compiler(tmp_path: Path) -> Iterator[Held]:
    held = Held(tmp_path)
    yield held
    held.go.set()


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def mirror(compiler: Held, asked: list[str]) -> Mirror:
    return Mirror(compiler, Entrances(), 4, asked.append)


def shown(mirror: Mirror, host: str = HOST) -> str | None:
    release = mirror.table.find(host)
    return release.entries["index.html"].sha256 if release else None


async def until_compiling(compiler: Held, count: int) -> None:
    async with asyncio.timeout(30):
        while len(compiler.compiled) < count:  # noqa: ASYNC110 - it happens in a thread
            await asyncio.sleep(0.001)


async def test_what_nobody_asked_for_is_not_loaded(mirror: Mirror, compiler: Held) -> None:
    await mirror.stage(HOST, compiler.pointer("one"))
    await mirror.put(HOST, compiler.pointer("one"), None, asked=False)

    assert shown(mirror) is None
    assert compiler.compiled == []


def test_a_host_that_is_looked_for_in_vain_is_asked_for(mirror: Mirror, asked: list[str]) -> None:
    for raw in (b"Shop.localhost:8080", b"", b"x" * 1_000):
        assert mirror.table.find_raw(raw) is None

    assert asked == [HOST]


async def test_what_is_known_follows_what_goes_live(mirror: Mirror, compiler: Held, asked: list[str]) -> None:
    await mirror.put(HOST, compiler.pointer("one"), None, asked=True)
    assert shown(mirror) == sha("one")

    await mirror.put(HOST, compiler.pointer("two"), None, asked=False)

    assert shown(mirror) == sha("two")
    assert mirror.table.find_raw(b"shop.localhost") is not None
    assert asked == []


async def test_what_was_staged_is_not_compiled_again(mirror: Mirror, compiler: Held) -> None:
    await mirror.put(HOST, compiler.pointer("one"), None, asked=True)
    await mirror.stage(HOST, compiler.pointer("two"))
    assert shown(mirror) == sha("one")

    await mirror.put(HOST, compiler.pointer("two"), None, asked=False)

    assert shown(mirror) == sha("two")
    assert compiler.compiled == ["one", "two"]


async def test_changes_of_a_host_keep_their_order_whatever_each_takes(mirror: Mirror, compiler: Held) -> None:
    await mirror.put(HOST, compiler.pointer("one"), None, asked=True)
    await mirror.stage(HOST, compiler.pointer("three"))
    compiler.go.clear()
    slow = asyncio.create_task(mirror.put(HOST, compiler.pointer("two"), None, asked=False))
    await until_compiling(compiler, 3)
    quick = asyncio.create_task(mirror.put(HOST, compiler.pointer("three"), None, asked=False))
    await asyncio.sleep(0.01)

    assert not quick.done()
    compiler.go.set()
    await asyncio.gather(slow, quick)

    assert shown(mirror) == sha("three")


async def test_a_change_that_comes_while_a_host_is_first_compiled_is_not_lost(mirror: Mirror, compiler: Held) -> None:
    compiler.go.clear()
    first = asyncio.create_task(mirror.put(HOST, compiler.pointer("one"), None, asked=True))
    await until_compiling(compiler, 1)
    second = asyncio.create_task(mirror.put(HOST, compiler.pointer("two"), None, asked=False))
    compiler.go.set()
    await asyncio.gather(first, second)

    assert shown(mirror) == sha("two")


async def test_a_site_withdrawn_while_it_is_compiled_leads_nowhere(mirror: Mirror, compiler: Held) -> None:
    compiler.go.clear()
    loading = asyncio.create_task(mirror.put(HOST, compiler.pointer("one"), None, asked=True))
    await until_compiling(compiler, 1)

    mirror.withdraw("shop")
    compiler.go.set()
    await loading

    assert shown(mirror) is None


async def test_a_site_is_withdrawn_with_all_its_hosts_and_no_others(mirror: Mirror, compiler: Held) -> None:
    preview = replace(compiler.pointer("one"), preview=True)
    await mirror.put(HOST, compiler.pointer("one"), None, asked=True)
    await mirror.put("d1--shop.localhost", preview, None, asked=True)
    await mirror.put("blog.localhost", replace(compiler.pointer("two"), site="blog"), None, asked=True)

    mirror.withdraw("shop")

    assert [shown(mirror, host) for host in (HOST, "d1--shop.localhost")] == [None, None]
    assert shown(mirror, "blog.localhost") == sha("two")


async def test_what_cannot_be_compiled_is_forgotten(mirror: Mirror, compiler: Held) -> None:
    await mirror.put(HOST, compiler.pointer("one"), None, asked=True)

    await mirror.put(HOST, Pointer("shop", "two", "0" * 64), None, asked=False)

    assert shown(mirror) is None


async def test_a_gate_stands_before_what_is_there_and_what_comes(mirror: Mirror, compiler: Held) -> None:
    await mirror.put(HOST, compiler.pointer("one"), None, asked=True)

    mirror.regate("shop", GATE)
    gated = mirror.table.find(HOST)
    await mirror.put(HOST, compiler.pointer("two"), GATE, asked=False)
    gated_too = mirror.table.find(HOST)
    mirror.regate("shop", None)
    opened = mirror.table.find(HOST)

    assert gated is not None
    assert gated.entrance is not None
    assert gated_too is not None
    assert gated_too.entrance is not None
    assert opened is not None
    assert opened.entrance is None


async def test_a_gate_that_closes_while_a_host_is_compiled_stands_before_it(mirror: Mirror, compiler: Held) -> None:
    compiler.go.clear()
    loading = asyncio.create_task(mirror.put(HOST, compiler.pointer("one"), None, asked=True))
    await until_compiling(compiler, 1)

    mirror.regate("shop", GATE)
    compiler.go.set()
    await loading

    release = mirror.table.find(HOST)
    assert release is not None
    assert release.entrance is not None
