"""The ledger: each content once, whatever comes, goes, or is lost."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.storage.ledger import Held, Ledger, Named


def name(number: int) -> str:
    """A SHA-256, as it were."""
    return f"{number:064x}"


class Store:
    """Manifests that can be read, and the ledger beside them."""

    def __init__(self, path: Path) -> None:
        self.ledger = Ledger(path)
        self.manifests: dict[str, dict[str, int]] = {}
        self.reads = 0

    def put(self, manifest: int, contents: dict[int, int]) -> None:
        self.manifests[name(manifest)] = {name(content): size for content, size in contents.items()}

    def read(self, manifest: str) -> Named | None:
        self.reads += 1
        return self.manifests.get(manifest)

    def settle(self, site: int, *manifests: int) -> int:
        with self.ledger:
            return self.ledger.settle(site, Counter(map(name, manifests)), self.read)

    def together(self, *sites: int) -> Held:
        with self.ledger:
            return self.ledger.together(sites)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "usage.db")
    made.put(101, {1: 10, 2: 200})
    made.put(102, {2: 200, 3: 3000})
    yield made
    made.ledger.close()


@pytest.mark.parametrize("before", [None, b"", b"no database"])
def test_it_is_its_owners_alone_however_it_came_about(tmp_path: Path, before: bytes | None) -> None:
    if before is not None:
        (tmp_path / "usage.db").write_bytes(before)
    store = Store(tmp_path / "usage.db")
    store.put(101, {1: 10})
    store.settle(1, 101)

    assert {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {
        "usage.db": 0,
        "usage.db-shm": 0,
        "usage.db-wal": 0,
    }
    store.ledger.close()


def test_what_several_deploys_have_counts_once(store: Store) -> None:
    store.settle(1, 101, 102)

    assert store.together(1) == Held(3, 3210)


def test_what_several_sites_have_counts_once_together_and_for_each(store: Store) -> None:
    store.settle(1, 101)
    store.settle(2, 102)

    with store.ledger as ledger:
        assert ledger.together([1, 2]) == Held(3, 3210)
        assert ledger.by_site([1, 2, 3]) == {1: Held(2, 210), 2: Held(2, 3200), 3: Held()}
        assert ledger.alone(1, [1, 2]) == (Held(1, 10), Held(1, 10))
        assert ledger.alone(1, [1]) == (Held(2, 210), Held(2, 210))


def test_what_only_one_deploy_has_is_told_apart_also_from_one_just_like_it(store: Store) -> None:
    store.settle(1, 101, 102)
    with store.ledger as ledger:
        assert ledger.alone(1, [1])[1] == Held(2, 3010)

    store.settle(1, 101, 101, 102)
    with store.ledger as ledger:
        assert ledger.alone(1, [1])[1] == Held(1, 3000)
    store.settle(1, 101)

    with store.ledger as ledger:
        assert ledger.alone(1, [1])[1] == Held(2, 210)


def test_a_deploy_that_goes_takes_only_what_no_other_has(store: Store) -> None:
    store.settle(1, 101, 102)

    store.settle(1, 102)

    assert store.together(1) == Held(2, 3200)


def test_only_what_came_or_went_is_read(store: Store) -> None:
    store.settle(1, 101)
    store.settle(1, 101, 102)
    assert store.reads == 2

    store.settle(1, 101, 102)

    assert store.reads == 2


def test_a_manifest_that_was_swept_meanwhile_is_taken_out_all_the_same(store: Store) -> None:
    store.settle(1, 101, 102)
    del store.manifests[name(101)]

    store.settle(1, 102)

    assert store.together(1) == Held(2, 3200)


def test_a_lost_manifest_is_told_and_counted_once_it_is_back(store: Store) -> None:
    lost = store.manifests.pop(name(102))

    assert store.settle(1, 101, 102) == 1
    assert store.together(1) == Held(2, 210)
    store.manifests[name(102)] = lost
    assert store.settle(1, 101, 102) == 0
    assert store.together(1) == Held(3, 3210)


def test_what_a_deploy_would_add_is_what_none_of_the_sites_has(store: Store) -> None:
    store.settle(1, 101)
    store.settle(2, 102)

    with store.ledger as ledger:
        assert ledger.added([1], store.manifests[name(102)]) == 3000
        assert ledger.added([1, 2], store.manifests[name(102)]) == 0
        assert ledger.added([], store.manifests[name(102)]) == 3200


def test_the_figures_are_there_after_a_restart(store: Store, tmp_path: Path) -> None:
    store.settle(1, 101)
    store.ledger.close()

    assert store.together(1) == Held(2, 210)


def test_a_forgotten_site_has_nothing_after_a_restart(store: Store) -> None:
    store.settle(1, 101)
    with store.ledger as ledger:
        ledger.forget(1)
        assert ledger.sites() == []
    store.ledger.close()

    assert store.together(1) == Held()


@pytest.mark.parametrize("stored", [b"", b"no database at all", b"SQLite format 3\0" + b"\0" * 4096])
def test_a_file_that_is_none_of_ours_is_made_anew(store: Store, tmp_path: Path, stored: bytes) -> None:
    (tmp_path / "usage.db").write_bytes(stored)

    store.settle(1, 101)

    assert store.together(1) == Held(2, 210)


@settings(max_examples=40)
@given(
    contents=st.lists(st.sets(st.integers(1, 12)), min_size=6, max_size=6),
    moves=st.lists(st.tuples(st.integers(1, 3), st.lists(st.integers(0, 5), max_size=8)), max_size=12),
)
def test_whatever_comes_and_goes_the_figures_are_those_of_sets(
    tmp_path_factory: pytest.TempPathFactory, contents: list[set[int]], moves: list[tuple[int, list[int]]]
) -> None:
    store = Store(tmp_path_factory.mktemp("ledger") / "usage.db")
    for manifest, named in enumerate(contents):
        store.put(manifest, {content: content * 7 for content in named})
    has: dict[int, set[int]] = defaultdict(set)
    times: dict[int, Counter[int]] = defaultdict(Counter)

    for site, manifests in moves:  # a manifest as often as deploys have it
        store.settle(site, *manifests)
        has[site] = set().union(*(contents[manifest] for manifest in manifests))
        times[site] = Counter(content for manifest in manifests for content in contents[manifest])

    everything = set().union(*has.values())
    with store.ledger as ledger:
        assert ledger.together(has) == Held(len(everything), 7 * sum(everything))
        assert ledger.by_site(has) == {site: Held(len(own), 7 * sum(own)) for site, own in has.items()}
        for site, own in has.items():
            others = set().union(*(each for other, each in has.items() if other != site))
            once = {content for content in own - others if times[site][content] == 1}
            assert ledger.alone(site, has) == tuple(Held(len(had), 7 * sum(had)) for had in (own - others, once))
    store.ledger.close()
