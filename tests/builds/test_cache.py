"""The cache: what was put is found until it is pushed out, whoever else writes, and whatever is killed or damaged."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from builds import cache_index
from builds.cache import OVERHEAD, FolderCache, key_of
from tests.builders import ROOT

LARGE = 100_000_000
WRITER = """
import itertools, sys
from pathlib import Path
from builds.cache import FolderCache
cache = FolderCache(Path(sys.argv[1]), 100_000_000)
for number in itertools.count():
    cache.put({f"{sys.argv[2]}-{number}-{one}": {"of": number, "one": one} for one in range(20)})
    print(number, flush=True)
"""


@pytest.fixture
def cache(tmp_path: Path) -> FolderCache:
    return FolderCache(tmp_path / "cache", LARGE)


def index(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "cache" / "index" / "index.db", isolation_level=None)


def test_what_was_put_is_found(cache: FolderCache) -> None:
    cache.put({"a": [1, "two"], "b": {"c": None}})

    assert cache.get(["a", "b", "missing"]) == {"a": [1, "two"], "b": {"c": None}}


def test_a_key_depends_on_every_part_and_its_place() -> None:
    keys = {key_of("a", "b"), key_of("ab"), key_of("b", "a"), key_of("a", "b", "")}

    assert len(keys) == 4


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_000_000.0]
    monkeypatch.setattr("builds.cache_index.time.time", lambda: clock[0])
    cache = FolderCache(tmp_path / "cache", 10 * (OVERHEAD + 2))
    for number in range(10):
        cache.put({f"key{number}": 10})
        clock[0] += 1
    clock[0] += 2 * cache_index.REMEMBERED
    cache.get(["key0"])

    cache.put({"new": 10})

    kept = cache.get([f"key{number}" for number in range(10)])
    assert "key0" in kept
    assert "key1" not in kept
    assert cache.get(["new"]) == {"new": 10}


def test_of_size_nothing_it_keeps_nothing(tmp_path: Path) -> None:
    cache = FolderCache(tmp_path / "cache", 0)

    cache.put({"a": 1})

    assert cache.get(["a"]) == {}


def test_a_damaged_value_is_missing_and_the_others_are_not(tmp_path: Path, cache: FolderCache) -> None:
    cache.put({"a": 1, "b": 2})
    with index(tmp_path) as db:
        db.execute("UPDATE kept SET value = x'39' WHERE key = 'a'")

    assert cache.get(["a", "b"]) == {"b": 2}
    cache.put({"a": 1})
    assert cache.get(["a", "b"]) == {"a": 1, "b": 2}


@pytest.mark.parametrize("damage", [b"no database at all" * 100, b""])
def test_a_damaged_index_is_made_anew(tmp_path: Path, cache: FolderCache, damage: bytes) -> None:
    cache.put({"a": 1})
    (tmp_path / "cache" / "index" / "index.db").write_bytes(damage)
    cache.get(["a"])

    cache.put({"a": 2})

    assert cache.get(["a"]) == {"a": 2}


def test_an_index_of_another_format_is_made_anew(tmp_path: Path, cache: FolderCache) -> None:
    cache.put({"a": 1})
    with index(tmp_path) as db:
        db.execute("PRAGMA user_version = 99")

    assert cache.get(["a"]) == {}
    cache.put({"a": 2})
    assert cache.get(["a"]) == {"a": 2}


def test_writers_at_once_lose_nothing_and_one_that_is_killed_harms_nobody(tmp_path: Path, cache: FolderCache) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "cache"), name], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        for name in "abc"
    ]
    written = {}
    for name, writer in zip("abc", writers, strict=True):
        assert writer.stdout
        for line in writer.stdout:
            written[name] = int(line)
            if written[name] >= 20:
                break
    for writer in writers:
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate(timeout=30)

    for name, last in written.items():
        keys = {f"{name}-{number}-{one}": (number, one) for number in range(last + 1) for one in range(20)}
        kept = cache.get(keys)
        assert {key: (value["of"], value["one"]) for key, value in kept.items()} == keys
