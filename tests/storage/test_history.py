"""What may be kept for ever: named for its content, and never seen with other bytes."""

import pytest

from appliance.storage import history
from appliance.storage.history import doubt, gather, recall, weigh
from appliance.storage.manifest import Entry, History, Manifest, decode, encode

A, B = "a" * 64, "b" * 64
APP = "app.3f2a1b9c.js"


def manifest(**files: str) -> Manifest:
    names = {"app": APP, "page": "index.html", "plain": "plain.js", "other": "other.0a1b2c3d.css"}
    return Manifest(entries={names[key]: Entry(sha256, 1, "text/plain", 0) for key, sha256 in files.items()})


def deploy(new: Manifest, *earlier: tuple[str, Manifest]) -> Manifest:
    """As a deploy is made, stored and read back."""
    return decode(encode(weigh(new, gather(earlier))))


def codes(made: Manifest) -> list[str]:
    return [problem.code for problem in made.problems]


def test_a_new_file_named_for_its_content_is_immutable_and_others_are_not() -> None:
    made = deploy(manifest(app=A, page=A, plain=A))

    assert {path: entry.immutable for path, entry in made.entries.items()} == {
        APP: True,
        "index.html": False,
        "plain.js": False,
    }
    assert codes(made) == []


def test_the_same_bytes_stay_immutable() -> None:
    first = deploy(manifest(app=A))

    second = deploy(manifest(app=A), ("1", first))

    assert second.entries[APP].immutable
    assert second.history == History({}, ("1",))


def test_other_bytes_under_such_a_name_lose_it_for_good_and_are_reported_once() -> None:
    first = deploy(manifest(app=A))
    second = deploy(manifest(app=B), ("1", first))
    third = deploy(manifest(app=A), ("2", second), ("1", first))
    fourth = deploy(manifest(app=A), ("3", third))

    assert [made.entries[APP].immutable for made in (first, second, third, fourth)] == [True, False, False, False]
    assert [codes(made) for made in (second, third, fourth)] == [["immutable_lost"], [], []]
    assert (second.problems[0].path, second.problems[0].count) == (APP, 1)


def test_minifying_what_was_there_before_is_no_change() -> None:
    first = deploy(manifest(app=A))
    minified = Manifest(entries={APP: Entry(B, 1, "text/plain", 0, source=A, source_size=2)})

    second = deploy(minified, ("1", first))

    assert second.entries[APP].immutable
    assert codes(second) == []


def test_a_path_that_was_away_is_remembered() -> None:
    first = deploy(manifest(app=A))
    without = deploy(manifest(page=A), ("1", first))

    again = deploy(manifest(app=A), ("2", without))
    changed = deploy(manifest(app=B), ("2", without))

    assert (again.entries[APP].immutable, changed.entries[APP].immutable) == (True, False)
    assert without.history.seen == ("1",)


def test_a_rollback_hides_no_deploy_from_the_next() -> None:
    first = deploy(manifest(page=A))
    second = deploy(manifest(app=A), ("1", first))

    third = deploy(manifest(app=B), ("1", first), ("2", second))

    assert not third.entries[APP].immutable


def test_without_a_history_nothing_is_immutable_until_the_next_deploy() -> None:
    made = weigh(manifest(app=A, page=A), None)

    assert not made.entries[APP].immutable
    assert [(problem.code, problem.count) for problem in made.problems] == [("history_lost", 1)]
    assert deploy(manifest(app=A), ("1", made)).entries[APP].immutable
    assert weigh(manifest(page=A), None).problems == ()


def test_what_is_remembered_is_bounded_and_what_changed_is_kept_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_PATHS", 1)
    first = deploy(manifest(app=A, other=A))

    second = deploy(manifest(app=B), ("1", first))

    assert second.history.paths == {APP: ""}
    assert codes(second) == ["immutable_lost", "history_forgotten"]


def test_several_changed_files_are_one_problem() -> None:
    second = deploy(manifest(app=B, other=B), ("1", deploy(manifest(app=A, other=A))))

    assert [(problem.code, problem.count) for problem in second.problems] == [("immutable_lost", 2)]
    assert "and 1 more" in second.problems[0].message


def test_what_is_immutable_is_doubted_by_what_came_later() -> None:
    first = deploy(manifest(app=A, other=A))
    second = deploy(manifest(app=B, other=A), ("1", first))

    doubted = doubt(first.entries, gather([("2", second)]))

    assert {path: entry.immutable for path, entry in doubted.items()} == {APP: False, "other.0a1b2c3d.css": True}
    assert doubt(first.entries, History()) is first.entries
    assert not any(entry.immutable for entry in doubt(first.entries, None).values())


def test_recalling_reads_what_no_other_has_seen() -> None:
    first = deploy(manifest(app=A))
    stored = {"1": first, "2": deploy(manifest(page=A), ("1", first)), "3": deploy(manifest(other=B))}
    read = list[str]()

    def get(name: str) -> Manifest:
        read.append(name)
        return stored[name]

    history = recall(["2", "1", "3"], get)

    assert (read, set(history.paths), history.seen) == (["2", "3"], {APP, "other.0a1b2c3d.css"}, ("2", "1", "3"))
    assert recall(["2", "1"], get, seen=("2", "1")) == History()
