"""What stands before a site, over every lane: nothing of it leaks, and what opens it opens it everywhere."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from appliance.serving.unlock import Proofs, read_next
from tests.serving.guarded import (
    BROWSER,
    FILES,
    HASHED,
    HASHER,
    LATER,
    LINK,
    PASSWORD,
    PREVIEW,
    SITE,
    TOKEN,
    Guarded,
    basic,
    cookie_of,
)
from tests.serving.lanes import LANES
from tests.serving.visitors import Answer, Header, Http1, head

# ── what a stranger sees

TARGETS = [b"/", b"/docs", b"/docs/", b"/nothing", b"/%00", b"/404.html", b"/.dropdock/other", b"/docs?x=1", b"//docs"]


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_stranger_learns_nothing_of_what_is_there(guarded: Guarded, lane: str, target: bytes) -> None:
    answer = guarded.get(lane, target, BROWSER)

    assert answer.status == 401
    assert answer.headers["cache-control"] == "private, no-store"
    assert not {"etag", "last-modified", "location", "content-range"} & answer.headers.keys()
    assert b"secret" not in answer.body
    shown = read_next(target).encode().replace(b"&", b"&amp;")
    assert answer.body.replace(b'value="%s"' % shown, b"") == guarded.get(lane, b"/x", BROWSER).body.replace(
        b'value="/x"', b""
    )


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(
    "headers", [(b"if-none-match", b"*"), (b"range", b"bytes=0-0"), (b"if-match", b'"x"')], ids=lambda pair: pair[0]
)
def test_conditions_and_ranges_ask_nothing_before_the_gate(guarded: Guarded, lane: str, headers: Header) -> None:
    assert guarded.get(lane, b"/", headers).status == 401


@pytest.mark.parametrize("method", [b"HEAD", b"OPTIONS", b"PUT", b"POST", b"DELETE"])
@pytest.mark.parametrize("lane", LANES)
def test_no_method_goes_past_the_gate(guarded: Guarded, lane: str, method: bytes) -> None:
    answer = guarded.get(lane, b"/docs/", BROWSER, method=method)

    assert (answer.status, "allow" in answer.headers) == (401, False)


@pytest.mark.parametrize("lane", LANES)
def test_a_deploy_s_own_host_tells_nothing_before_it_is_loaded(guarded: Guarded, lane: str) -> None:
    there = guarded.get(lane, b"/", BROWSER, host=PREVIEW)
    nowhere = guarded.get(lane, b"/", BROWSER, host=b"none--gated.localhost")

    assert there.status == 401
    assert there.comparable == nowhere.comparable
    assert there.comparable == guarded.get(lane, b"/", BROWSER).comparable


@pytest.mark.parametrize("lane", LANES)
def test_a_preview_is_shown_to_those_who_are_let_in(guarded: Guarded, lane: str) -> None:
    bypass = (b"x-dropdock-bypass", TOKEN)

    assert guarded.get(lane, b"/", bypass, host=PREVIEW).body == FILES["index.html"]
    assert guarded.get(lane, b"/", bypass, host=b"none--gated.localhost").status == 404
    assert guarded.get(lane, b"/", basic("x", PASSWORD), host=PREVIEW).body == FILES["index.html"]


@pytest.mark.parametrize("lane", LANES)
def test_tools_are_asked_for_basic_and_browsers_get_the_form(guarded: Guarded, lane: str) -> None:
    tool, browser = guarded.get(lane, b"/"), guarded.get(lane, b"/", BROWSER)
    script = guarded.get(lane, b"/app.js", (b"accept", b"*/*"), (b"sec-fetch-mode", b"no-cors"))

    assert tool.headers["www-authenticate"].startswith("Basic ")
    assert not browser.headers["www-authenticate"].startswith("Basic ")
    assert not script.headers["www-authenticate"].startswith("Basic ")
    assert b'action="/.dropdock/unlock"' in browser.body


# ── the ways in


def sign_in(guarded: Guarded, lane: str, **fields: str) -> Answer:
    """Send the form: over Hypercorn, since no other lane takes a body."""
    body = urlencode(fields).encode()
    with LANES[lane](guarded.plane.port) as visitor:
        assert isinstance(visitor, Http1)
        visitor.send(head(b"POST", b"/.dropdock/unlock", [(b"content-length", b"%d" % len(body))], SITE) + body)
        return visitor.read()


@pytest.mark.parametrize("lane", ["fast", "hypercorn", "tls"])
def test_the_form_opens_the_site_and_leads_back(guarded: Guarded, lane: str) -> None:
    answer = sign_in(guarded, lane, password=PASSWORD, next="/docs/?a=1")

    assert (answer.status, answer.headers["location"]) == (303, "/docs/?a=1")
    ending = "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax" + ("; Secure" if lane == "tls" else "")
    assert answer.headers["set-cookie"].endswith(ending)
    for other in LANES:
        opened = guarded.get(other, b"/docs/", cookie_of(answer))
        assert (opened.status, opened.body) == (200, FILES["docs/index.html"])
        assert opened.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("target", [b"/", b"/docs", b"/none", b"/%00"])
@pytest.mark.parametrize("lane", LANES)
def test_inside_every_answer_is_the_site_s_own_and_private(guarded: Guarded, lane: str, target: bytes) -> None:
    own = guarded.get(lane, target, host=b"open.localhost")

    answer = guarded.get(lane, target, (b"x-dropdock-bypass", TOKEN))

    assert (answer.status, answer.body) == (own.status, own.body)
    assert answer.headers == {**own.headers, "cache-control": "private, no-store", "date": answer.headers["date"]}


@pytest.mark.parametrize("password", ["", "wrong", "x" * 2_000])
def test_a_wrong_password_opens_nothing(guarded: Guarded, password: str) -> None:
    answer = sign_in(guarded, "fast", password=password)

    assert (answer.status, "set-cookie" in answer.headers) == (403, False)
    assert b"not the password" in answer.body


def test_a_form_that_is_none_opens_nothing(guarded: Guarded) -> None:
    assert sign_in(guarded, "fast", password="y" * 20_000).status == 403


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example/", "/\\evil.example", "x", "/a\r\nb: c", "/.dropdock/unlock"]
)
def test_the_form_leads_nowhere_else(guarded: Guarded, to: str) -> None:
    answer = sign_in(guarded, "fast", password=PASSWORD, next=to)

    assert answer.headers["location"] in {"/", "/evil.example"}


def test_a_form_for_a_gate_that_is_gone_leads_to_the_page(guarded: Guarded) -> None:
    with Http1(guarded.plane.port) as visitor:
        body = b"next=/docs/"
        visitor.send(head(b"POST", b"/.dropdock/unlock", [(b"content-length", b"11")], b"open.localhost") + body)

        answer = visitor.read()

    assert (answer.status, answer.headers["location"]) == (303, "/docs/")


@pytest.mark.parametrize("lane", LANES)
def test_the_sign_in_page_has_an_address_of_its_own(guarded: Guarded, lane: str) -> None:
    answer = guarded.get(lane, b"/.dropdock/unlock", BROWSER)

    assert (answer.status, b'value="/"' in answer.body) == (200, True)


@pytest.mark.parametrize("lane", LANES)
def test_basic_is_looked_at_once_and_then_known_to_every_lane(guarded: Guarded, lane: str) -> None:
    header = basic(f"any {lane}", PASSWORD)
    before = guarded.plane.counters.handed_over

    first = guarded.get(lane, b"/", header)
    again = guarded.get("fast", b"/docs/", header)

    assert (first.status, again.status) == (200, 200)
    assert guarded.plane.counters.handed_over == before + 1


@pytest.mark.parametrize(
    "header",
    [
        basic("x", "wrong"),
        (b"authorization", b"Basic !!!"),
        (b"authorization", b"Basic eA=="),
        (b"authorization", b"Basic"),
        (b"authorization", b"Bearer " + TOKEN),
        (b"x-dropdock-bypass", b"ddb_wrong"),
        (b"x-dropdock-bypass", b""),
        (b"cookie", b"dropdock_gate=p.4000000000.AAAA"),
        (b"cookie", b"dropdock_gate=\xff.\xff.\xff; dropdock_gate=.; dropdock_gate"),
    ],
)
@pytest.mark.parametrize("lane", LANES)
def test_what_is_wrong_opens_nothing(guarded: Guarded, lane: str, header: Header) -> None:
    assert guarded.get(lane, b"/", header).status == 401


@pytest.mark.parametrize("lane", LANES)
def test_a_share_link_lets_in_and_leads_on(guarded: Guarded, lane: str) -> None:
    link = guarded.link(LINK, LATER)

    answer = guarded.get(lane, b"/.dropdock/unlock?share=" + link + b"&next=%2Fdocs%2F", BROWSER)

    assert (answer.status, answer.headers["location"]) == (303, "/docs/")
    assert guarded.get(lane, b"/docs/", cookie_of(answer)).status == 200


@pytest.mark.parametrize("lane", LANES)
@pytest.mark.parametrize(("name", "ends"), [("other", LATER), (LINK, 1), (LINK, LATER + 1)])
def test_a_share_link_that_is_not_good_lets_nobody_in(guarded: Guarded, lane: str, name: str, ends: int) -> None:
    guarded.gate(links={LINK: LATER if ends == LATER else ends - 1})
    target = b"/.dropdock/unlock?share=" + guarded.link(name, min(ends, LATER)).replace(b"a", b"b", ends > LATER)

    answer = guarded.get(lane, target, BROWSER)

    assert (answer.status, "set-cookie" in answer.headers) == (403, False)


# ── what ends a session


def test_a_new_password_ends_sessions_and_proofs(guarded: Guarded) -> None:
    cookie = cookie_of(sign_in(guarded, "fast", password=PASSWORD))
    guarded.get("fast", b"/", basic("x", PASSWORD))

    guarded.gate(password=HASHER.hash("another one"), version="v2")

    assert guarded.get("fast", b"/", cookie).status == 401
    assert guarded.get("fast", b"/", basic("x", PASSWORD)).status == 401


def test_a_link_taken_back_ends_its_sessions(guarded: Guarded) -> None:
    cookie = cookie_of(guarded.get("fast", b"/.dropdock/unlock?share=" + guarded.link(LINK, LATER)))

    guarded.gate(links={})

    assert guarded.get("fast", b"/", cookie).status == 401


def test_a_session_is_good_for_its_site_only(guarded: Guarded) -> None:
    other = guarded.entrances.make("other", "v1", HASHED, {}, b"")
    theirs = dict(other.enter_by_password("/").fields)[b"set-cookie"].partition(b";")[0]
    ours = dict(guarded.entrances.make("gated", "v1", HASHED, {}, b"").enter_by_password("/").fields)
    mine = ours[b"set-cookie"].partition(b";")[0]

    assert guarded.get("fast", b"/", (b"cookie", theirs)).status == 401
    assert guarded.get("fast", b"/", (b"cookie", theirs + b"; " + mine)).status == 200


def test_a_session_ends(guarded: Guarded) -> None:
    now = [1_000.0]
    gate = replace(guarded.entrances.make("gated", "v1", HASHED, {LINK: 1_500}, b""), now=lambda: now[0])
    by_password, by_link = (
        {b"cookie": dict(reply.fields)[b"set-cookie"].partition(b";")[0]}
        for reply in (gate.enter_by_password("/"), gate.enter(LINK, 1_500, "/"))
    )

    assert gate.lets_in(by_password)
    assert gate.lets_in(by_link)
    now[0] = 1_501.0
    assert (gate.lets_in(by_password), gate.lets_in(by_link)) == (True, False)
    now[0] += 3_600
    assert not gate.lets_in(by_password)


def test_over_tls_the_cookie_is_bound_to_the_host(guarded: Guarded) -> None:
    link = b"/.dropdock/unlock?share=" + guarded.link(LINK, LATER)

    plain, *over_tls = (guarded.get(lane, link) for lane in ("fast", "tls", "tls http2"))

    assert plain.headers["set-cookie"].startswith("dropdock_gate=")
    assert "Secure" not in plain.headers["set-cookie"]
    for answer in over_tls:
        assert answer.headers["set-cookie"].startswith("__Host-dropdock_gate=")
        assert answer.headers["set-cookie"].endswith("; Secure")
        assert guarded.get("tls", b"/", cookie_of(answer)).status == 200


def test_a_gate_without_a_password_offers_no_form(guarded: Guarded) -> None:
    guarded.gate(password=None)

    answer = guarded.get("fast", b"/")

    assert (answer.status, b"<form" in answer.body) == (401, False)
    assert not answer.headers["www-authenticate"].startswith("Basic ")
    assert guarded.get("fast", b"/", basic("x", "")).status == 401
    assert sign_in(guarded, "fast", password="").status == 403


@pytest.mark.parametrize("lane", LANES)
def test_a_gate_shuts_on_connections_that_are_open(guarded: Guarded, lane: str) -> None:
    """Answers given before are remembered by the head of their request: not across a gate."""
    with LANES[lane](guarded.plane.port) as visitor:
        guarded.open()
        before = [visitor.get(b"/docs/", host=SITE).status for _ in range(3)]
        guarded.gate()

        assert (before, visitor.get(b"/docs/", host=SITE).status) == ([200] * 3, 401)


@pytest.mark.parametrize("lane", LANES)
def test_cookies_sent_one_by_one_are_read_together(guarded: Guarded, lane: str) -> None:
    gate = guarded.entrances.make("gated", "v1", HASHED, {}, b"")
    mine = dict(gate.enter_by_password("/").fields)[b"set-cookie"].partition(b";")[0]

    assert guarded.get(lane, b"/", (b"cookie", b"a=b"), (b"cookie", mine), (b"cookie", b"c=d")).status == 200


@pytest.mark.parametrize("lane", LANES)
def test_a_share_link_of_a_gate_that_is_gone_leads_to_the_page(guarded: Guarded, lane: str) -> None:
    target = b"/.dropdock/unlock?share=any&next=%2Fdocs%2F"

    answer = guarded.get(lane, target, host=b"open.localhost")

    assert (answer.status, answer.headers["location"]) == (303, "/docs/")
    assert guarded.get(lane, b"/.dropdock/other", host=b"open.localhost").status == 404


def test_a_session_ends_with_the_password_it_was_got_by(guarded: Guarded) -> None:
    gate = guarded.entrances.make("gated", "v1", HASHED, {LINK: LATER}, b"")
    without = guarded.entrances.make("gated", "v1", None, {LINK: LATER}, b"")

    cookie = {b"cookie": dict(gate.enter_by_password("/").fields)[b"set-cookie"].partition(b";")[0]}

    assert (gate.lets_in(cookie), without.lets_in(cookie)) == (True, False)


def test_proofs_are_bounded_and_the_oldest_go_first() -> None:
    proofs = Proofs(bytes(32), most=2)
    for token in (b"one", b"two"):
        proofs.add("x", token)
    assert proofs.has("x", b"one")

    proofs.add("x", b"three")

    assert [proofs.has("x", token) for token in (b"one", b"two", b"three")] == [True, False, True]
    assert not proofs.has("y", b"one")


def test_a_form_that_dawdles_opens_nothing(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.gatekeeper.FORM_SECONDS", 0.1)
    with Http1(guarded.plane.port) as visitor:
        visitor.send(head(b"POST", b"/.dropdock/unlock", [(b"content-length", b"50")], SITE) + b"password=")

        assert visitor.read().status == 403


# ── tries


@pytest.mark.parametrize("lane", LANES)
def test_too_many_tries_have_to_wait(guarded: Guarded, lane: str) -> None:
    for number in range(6):
        assert guarded.get(lane, b"/", basic("x", f"wrong {number}")).status == 401

    late = guarded.get(lane, b"/", basic("x", PASSWORD + " "))
    form = sign_in(guarded, "fast", password=PASSWORD)

    assert (late.status, form.status) == (429, 429)
    assert 0 < int(late.headers["retry-after"]) <= 60
    assert guarded.get(lane, b"/", (b"x-dropdock-bypass", TOKEN)).status == 200


def test_too_many_at_once_are_told_to_come_back(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("appliance.passwords.WAITING", 0)

    basic_answer, form = guarded.get("fast", b"/", basic("y", PASSWORD)), sign_in(guarded, "fast", password=PASSWORD)

    assert (basic_answer.status, form.status) == (503, 503)
    assert form.headers["retry-after"] == "5"
