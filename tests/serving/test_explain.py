"""Explanations: the answer explained is the answer given, and each says what it comes from."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.serving.engine import CONTEXT_HEADERS, READ_HEADERS, STEPS, Request, answer
from appliance.serving.entrance import compile_locks
from appliance.serving.entrances import Entrances
from appliance.serving.explain import Explanation, explain
from appliance.serving.explain_words import Moment, said
from appliance.serving.grace import Former, look_back
from appliance.serving.release import Release
from appliance.serving.unlock import BYPASS_HEADER
from appliance.storage.rules import HeaderBlock, Lock, Redirect, Rules, pack, unpack
from tests.serving import test_rules_answers as answers
from tests.serving import test_rules_lanes as rule_lanes
from tests.serving.conftest import FILES
from tests.serving.lanes import entry, release
from tests.serving.ruled import ruled
from tests.serving.test_codings import CASES as CODED
from tests.serving.test_codings import release_with_forms
from tests.serving.test_lanes import CASES as PLAIN

SITE = {
    "index.html": "home",
    "a.html": "a",
    "docs/index.html": "docs",
    "guide/index.html": "guide",
    "404.html": "none",
    "app.0123456789abcdef.js": "js",
    "_redirects": "\n".join([
        "https://other.localhost/x /host 302",
        "/x id=:id /query 302",
        "/x /lang 302 Language=fr",
        "/x /country 302 Country=de",
        "/x /y 302",
        "/a /elsewhere 302",
        "/docs/ /forced 302!",
        "/rewrite /a 200",
        "/lost /nowhere 200",
        "/refused /a 410",
        "/own /a 200!",
    ]),
    "_headers": "/*\n X-All: yes\n/a*\n Cache-Control: max-age=5\nhttps://other.localhost/*\n X-Host: other",
}  # fmt: skip


def asked(target: str, headers: Mapping[str, str] | None = None, method: str = "GET") -> Request:
    sent = {name.lower().encode(): value.encode() for name, value in (headers or {}).items()}
    read = {name: value for name, value in sent.items() if name in READ_HEADERS}
    context = {name: value for name, value in sent.items() if name in CONTEXT_HEADERS}
    return Request(method.encode(), target.encode(), read, context, b"site.localhost")


def check_same(request: Request, served: Release) -> Explanation:
    """Explain before anybody has asked, and when it is ready; the answer is the engine's both times."""
    before = explain(request, served)
    given = [answer(request, served) for _ in range(2)]
    after = explain(request, served)

    assert before == after
    assert [(one.status, one.fields) for one in given] == [(before.status, before.headers)] * 2
    return before


@pytest.fixture
def site(tmp_path: Path) -> Release:
    return ruled(tmp_path, SITE)


def steps(found: Explanation) -> dict[str, str]:
    return {one.step: one.said for one in found.steps}


# --- the answer explained is the answer given


def test_every_plain_case_is_explained_as_it_is_answered(tmp_path: Path) -> None:
    served = release(tmp_path, FILES)

    for method, target, headers, status, *_ in PLAIN:
        assert check_same(asked(target, headers, method), served).status == status


@pytest.mark.parametrize("dialect", ["netlify", "cloudflare"])
def test_every_case_with_redirects_is(tmp_path: Path, dialect: str) -> None:
    for rules, target, *_ in answers.CASES:
        check_same(asked(target), ruled(tmp_path, {**answers.FILES, "_redirects": rules}, dialect=dialect))


def test_every_case_with_conditions_is(tmp_path: Path) -> None:
    for rules, headers, *_ in answers.VISITORS:
        check_same(asked("/x", headers), ruled(tmp_path, {**answers.FILES, "_redirects": rules}))


def test_every_case_of_an_application_is(tmp_path: Path) -> None:
    for files, options, target, headers, _ in answers.FALLBACKS:
        check_same(asked(target, headers), ruled(tmp_path, files, **options))


def test_every_case_with_header_fields_is(tmp_path: Path) -> None:
    served = ruled(tmp_path, rule_lanes.FILES, spa=True)

    for target, headers, status, _ in rule_lanes.CASES:
        assert check_same(asked(target, headers), served).status == status


@pytest.mark.parametrize(("path", "accepted", "coding", "_varies"), CODED)
def test_every_coding_is_and_is_named(
    tmp_path: Path, path: bytes, accepted: bytes | None, coding: str, _varies: bool
) -> None:
    headers = {"Accept-Encoding": accepted.decode()} if accepted is not None else {}

    assert check_same(asked(path.decode(), headers), release_with_forms(tmp_path)).coding == coding


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule_lanes.PATHS, rule_lanes.HEADERS, st.booleans())
def test_any_answer_is(tmp_path: Path, path: str, headers: dict[str, str], preview: bool) -> None:
    check_same(asked(path, headers), ruled(tmp_path, rule_lanes.FILES, spa=True, preview=preview))


def test_nothing_becomes_ready_by_being_explained(site: Release) -> None:
    explain(asked("/"), site)

    assert site.ready == {}


# --- what it comes from


def test_a_file_is_named(site: Release) -> None:
    found = explain(asked("/"), site)

    assert (found.file, found.rule, found.caching, found.coding) == ("index.html", None, "revalidate", "")
    assert [one.answered for one in found.steps] == [False] * (len(found.steps) - 1) + [True]
    assert found.steps[-1].step == "send file"


def test_a_rule_is_named_with_its_line_and_those_before_it_with_what_kept_them(site: Release) -> None:
    found = explain(asked("/x"), site)

    assert found.rule is not None
    assert (found.rule.file, found.rule.line, found.rule.to, found.rule.why_not) == ("_redirects", 5, "/y", "")
    assert {(one.line, one.why_not) for one in found.passed_over} == {
        (1, "host"), (2, "query"), (3, "condition"), (4, "condition")
    }  # fmt: skip
    assert steps(found)["obey rule"] == "_redirects:5 leads to /y."
    assert explain(asked("/x", {"Accept-Language": "fr"}), site).status == 302


def test_a_file_keeps_a_rule_from_applying_and_a_forced_one_does_not_care(site: Release) -> None:
    spared, forced = explain(asked("/a"), site), explain(asked("/docs/"), site)

    assert (spared.file, spared.rule) == ("a.html", None)
    assert [(one.line, one.why_not) for one in spared.passed_over] == [(6, "file")]
    assert "_redirects:6 does not apply" in steps(spared)["find file"]
    assert (forced.file, forced.rule and forced.rule.line) == (None, 7)


@pytest.mark.parametrize(
    ("target", "status", "file", "line", "step", "sentence"),
    [
        ("/rewrite", 200, "a.html", 8, "obey rule", "_redirects:8 answers with the file at /a."),
        ("/lost", 404, "404.html", 9, "obey rule", "_redirects:9 names /nowhere, where there is no file."),
        ("/refused", 410, "a.html", 10, "obey rule", "_redirects:10 answers 410 with /a."),
        ("/own", 200, "a.html", 11, "consult rules", "_redirects:11 answers with the file at /a."),
        ("/guide", 301, None, None, "find file", "The page has another address of its own: it moves to /guide/."),
        ("/gone", 404, "404.html", None, "not found", "Nothing is there: the nearest 404.html answers."),
        ("/%00", 400, None, None, "read target", "The path cannot be read: it has control characters in it."),
        ("/.dropdock/x", 404, None, None, "check prefix", "The address is the platform's own."),
    ],
)  # fmt: skip
def test_a_step_says_what_it_came_to(
    site: Release, target: str, status: int, file: str | None, line: int | None, step: str, sentence: str
) -> None:
    found = explain(asked(target), site)

    assert (found.status, found.file, found.rule.line if found.rule else None) == (status, file, line)
    assert steps(found)[step] == sentence


def test_header_blocks_that_apply_are_named_and_others_are_not(site: Release) -> None:
    found = explain(asked("/a"), site)

    assert [(one.file, one.line, one.path, one.sets) for one in found.blocks] == [
        ("_headers", 1, "/*", ["x-all"]),
        ("_headers", 3, "/a*", ["cache-control"]),
    ]
    assert found.caching == "own"
    assert explain(asked("/gone"), site).caching == "no-store"


def test_blocks_of_a_toml_are_told_from_those_of_the_other_file(tmp_path: Path) -> None:
    toml = '[[headers]]\nfor = "/*"\n[headers.values]\nX-A = "1"\n'

    found = explain(asked("/a"), ruled(tmp_path, {"a.html": "a", "netlify.toml": toml}))

    assert [(one.file, one.line) for one in found.blocks] == [("netlify.toml", 1)]


def test_rules_stored_without_a_file_are_read_as_before() -> None:
    stored = pack(Rules(headers=(HeaderBlock("/*", (("x-a", "1"),), line=2),)))
    stored["headers"] = [row[:5] for row in stored["headers"]]

    assert unpack(stored).headers[0].file == "_headers"


def test_a_rewrite_that_would_lead_nowhere_is_passed_over(tmp_path: Path) -> None:
    one = Redirect("/*", "/fr/:splat", 302, if_there=True, line=1)
    forced = Redirect("/x", "/fr/x", 302, force=True, if_there=True, line=2)

    for rule in (one, forced):
        found = explain(asked("/x"), with_redirect(tmp_path, rule))

        assert (found.rule, found.file) == (None, "404.html")
        assert [(each.line, each.why_not) for each in found.passed_over] == [(rule.line, "target")]
        assert "leads to nothing that is there" in " ".join(steps(found).values())


def with_redirect(folder: Path, rule: Redirect) -> Release:
    made = ruled(folder, {"404.html": "none", "_redirects": "/q /r 302"})
    compiled = type(made.rules)(Rules(redirects=(rule,)), "netlify")  # type: ignore[misc]  # it has rules
    return replace(made, rules=compiled)


def test_an_asset_of_an_earlier_deploy_is_told(tmp_path: Path) -> None:
    content = b"console.log('old')"
    (tmp_path / hashlib.sha256(content).hexdigest()).write_bytes(content)
    kept = look_back({}, [Former({"old.js": entry(content, "old.js")}, time.time() + 60)])

    served = replace(release(tmp_path, {"index.html": b"x"}), grace=kept)

    found = check_same(asked("/old.js"), served)
    assert (found.status, found.file) == (200, "old.js")
    assert steps(found)["look back"] == "An earlier deploy had this file, and it still answers."
    assert check_same(asked("/older.js"), served).file is None


def test_an_application_answers_visits_and_says_so(tmp_path: Path) -> None:
    served = ruled(tmp_path, {"index.html": "app"}, spa=True)

    visit, part = explain(asked("/deep"), served), explain(asked("/deep.js"), served)

    assert (visit.file, part.file) == ("index.html", None)
    assert steps(visit)["fall back"] == "The page of the single-page application answers."
    assert "for visits" in steps(part)["fall back"]


def test_caching_has_a_class(tmp_path: Path) -> None:
    served = release(tmp_path, {"a.js": b"a", "index.html": b"x"})
    entries = {name: replace(one, immutable=name == "a.js") for name, one in served.entries.items()}
    lasting = replace(served, entries=entries)
    visitor = ruled(tmp_path, {"a.html": "a", "_redirects": "/x /a 200 Cookie=seen"})

    assert check_same(asked("/a.js"), lasting).caching == "immutable"
    assert check_same(asked("/"), lasting).caching == "revalidate"
    assert check_same(asked("/x", {"Cookie": "seen=1"}), visitor).caching == "private"
    assert check_same(asked("/x"), visitor).caching == "no-store"
    assert check_same(asked("/", method="OPTIONS"), served).caching == "none"


def test_the_codings_it_could_be_had_in_are_named(tmp_path: Path) -> None:
    found = explain(asked("/a.css", {"Accept-Encoding": "br", "If-None-Match": "*"}), release_with_forms(tmp_path))

    assert (found.status, found.coding, found.codings) == (304, "br", ["zstd", "br", "gzip"])


# --- what stands before it


def test_what_is_behind_a_gate_is_explained_and_the_gate_is_told(tmp_path: Path) -> None:
    entrances = Entrances(key=bytes(32))
    token = "ddb_token"
    hashed = hashlib.sha256(token.encode()).digest()
    entrances.put("everything", entrances.make("site", "1", "hash of it", {}, hashed))
    open_to_all = release(tmp_path, FILES)

    gated = entrances.before(open_to_all)

    found = explain(asked("/docs/"), gated)
    inside = answer(asked("/docs/", {BYPASS_HEADER.decode(): token}), gated)
    assert (found.guard, found.file, found.caching) == ("gate", "docs/index.html", "private")
    assert found.status == 200
    assert answer(asked("/docs/"), gated).status == 401
    assert (inside.status, inside.fields) == (found.status, found.headers)
    assert "hash of it" not in repr(found)


def test_a_lock_is_told_where_it_is(tmp_path: Path) -> None:
    locks = compile_locks((Lock("/docs/*", ("ann:secret hash",)),), "netlify")
    locked = Entrances(key=bytes(32)).before(replace(release(tmp_path, FILES), locks=locks))

    behind, beside = explain(asked("/docs/"), locked), explain(asked("/"), locked)

    assert (behind.guard, behind.caching) == ("lock", "private")
    assert (beside.guard, beside.caching) == ("", "revalidate")
    assert "secret hash" not in repr(behind)


# --- every step has its words


def test_every_step_of_the_engine_has_its_sentence(site: Release) -> None:
    found = explain(asked("/gone"), site)

    assert [one.step.replace(" ", "_") for one in found.steps] == [
        *(step.__name__.removeprefix("_") for step in STEPS), "not_found"
    ]  # fmt: skip
    assert all(one.said.endswith(".") for one in found.steps)


@pytest.mark.parametrize(
    ("request_", "step", "sentence"),
    [
        (asked("/", method="POST"), "check method", "Only GET, HEAD and OPTIONS are answered."),
        (asked("/", method="OPTIONS"), "check method", "OPTIONS is answered without a look at the site."),
        (asked("/docs/"), "read target", "It asks for docs, as a folder."),
        (asked("/", {"If-None-Match": "*"}), "check conditions", "The visitor has it already."),
        (asked("/", {"If-Match": '"x"'}), "check conditions", "A condition of the request does not hold."),
        (asked("/digits.txt", {"Range": "bytes=0-1"}), "send file", "A part of the file is sent."),
        (asked("/digits.txt", {"Range": "bytes=900-"}), "send file", "The part asked for is not there."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_request_asks_for_is_put_in_words(tmp_path: Path, request_: Request, step: str, sentence: str) -> None:
    assert steps(check_same(request_, release(tmp_path, FILES)))[step] == sentence


def test_a_site_without_a_page_of_its_own_for_this_has_ours(tmp_path: Path) -> None:
    found = check_same(asked("/gone"), release(tmp_path, {"index.html": b"x"}))

    assert steps(found)["not found"] == "Nothing is there, and the site has no 404.html."


def test_a_step_without_words_is_noticed(site: Release) -> None:
    moment: Any = Moment(None, None, had_page=False)  # type: ignore[arg-type]  # no step looks at it

    with pytest.raises(KeyError):
        said("new_step", moment)
