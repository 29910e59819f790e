"""`site gate NAME …` against a real HTTP server."""

import io
import json
from typing import Any

import pytest
from quart import Quart, Response, request

from tests.cli import double as double_module
from tests.cli.conftest import Run
from tests.cli.double import Double, answer, problem

GATE: dict[str, Any] = {"covers": "everything", "has_password": True, "has_bypass": False, "forced": False, "links": []}
LINK = {"id": "abc", "label": "client", "created_at": "2026-11-23T05:00:00Z", "expires_at": "2026-11-30T05:00:00Z"}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The gate's part of the API, added to the double's; what it was sent."""
    received: list[Any] = []
    make = double_module.make_app

    def with_gates(of: Double) -> Quart:
        app = make(of)
        found = dict(GATE)

        @app.get("/api/v1/sites/<name>/gate")
        async def gate_show(name: str) -> Response:
            return answer(found | ({"links": [LINK]} if name == "shared" else {}) | {"forced": name == "forced"})

        @app.patch("/api/v1/sites/<name>/gate")
        async def gate_change(name: str) -> Response:
            received.append(await request.get_json())
            changed = {"covers": received[-1].get("covers", "everything")}
            return answer(found | changed | {"forced": name == "forced", "has_password": name != "links"})

        @app.post("/api/v1/sites/<name>/gate/links")
        async def gate_share(name: str) -> Response:
            received.append(await request.get_json())
            return answer({"url": f"http://{name}.localhost/.dropdock/unlock?share=x"}, 201)

        @app.delete("/api/v1/sites/<name>/gate/links/<link>")
        async def gate_revoke(name: str, link: str) -> Response:
            return Response("", 204) if link == "abc" else problem(404, f"{name} has no share link {link!r}.")

        @app.post("/api/v1/sites/<name>/gate/bypass")
        async def gate_bypass(name: str) -> Response:
            return answer({"token": "ddb_x"}, 201)

        @app.delete("/api/v1/sites/<name>/gate/bypass")
        async def gate_no_bypass(name: str) -> Response:
            return Response("", 204)

        return app

    monkeypatch.setattr(double_module, "make_app", with_gates)
    return received


def test_show_tells_what_stands_before_the_site(sent: list[Any], double: Double, run: Run) -> None:
    plain, links, forced = (run("site", "gate", name, "show") for name in ("blog", "shared", "forced"))

    assert [line.split() for line in plain.out.splitlines()] == [
        ["covers", "everything"], ["password", "yes"], ["bypass", "token", "no"], ["share", "links", "0"]
    ]  # fmt: skip
    assert links.out.splitlines()[-1].split() == ["abc", "client", "2026-11-23", "05:00:00", "2026-11-30", "05:00:00"]
    assert "by the operator" in forced.out


def test_show_as_json_is_the_gate(sent: list[Any], double: Double, run: Run) -> None:
    assert json.loads(run("site", "gate", "blog", "show", "--json").out) == GATE


@pytest.mark.parametrize(
    ("name", "what", "said"),
    [
        ("blog", "nothing", "blog is open to everybody."),
        ("blog", "previews", "The previews of blog are behind a gate that opens with a password."),
        ("links", "everything", "links is behind a gate that opens with share links only."),
        ("forced", "nothing", "forced is behind a gate that opens with a password."),
    ],
)
def test_covers_says_what_now_holds(sent: list[Any], double: Double, run: Run, name: str, what: str, said: str) -> None:
    outcome = run("site", "gate", name, "covers", what)

    assert (outcome.code, outcome.out, sent) == (0, said + "\n", [{"covers": what}])


def test_a_password_comes_through_a_pipe(
    sent: list[Any], double: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("open sesame please\n"))

    outcome = run("site", "gate", "blog", "password")

    assert (outcome.code, sent) == (0, [{"password": "open sesame please"}])


def test_a_person_types_the_password_twice(
    sent: list[Any], double: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.prompt", lambda *_, confirmation_prompt, **__: confirmation_prompt and "typed")

    assert run("site", "gate", "blog", "password").code == 0
    assert sent == [{"password": "typed"}]


def test_no_password_is_one_sentence(
    sent: list[Any], double: Double, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    outcome = run("site", "gate", "blog", "password")

    assert (outcome.code, outcome.err, sent) == (1, "There is no password: type it, or send it through a pipe.\n", [])


def test_a_password_is_taken_away(sent: list[Any], double: Double, run: Run) -> None:
    run("site", "gate", "blog", "password", "--remove")

    assert sent == [{"password": None}]


def test_share_prints_the_link(sent: list[Any], double: Double, run: Run) -> None:
    outcome = run("site", "gate", "blog", "share", "--for", "12h", "--label", "client", "--path", "/a/")

    assert outcome.out == "http://blog.localhost/.dropdock/unlock?share=x\n"
    assert sent == [{"lifetime": 43_200, "label": "client", "path": "/a/"}]


def test_a_link_is_good_for_a_week_by_itself(sent: list[Any], double: Double, run: Run) -> None:
    run("site", "gate", "blog", "share")

    assert sent == [{"lifetime": 604_800, "label": "", "path": "/"}]


def test_a_length_of_time_that_is_none_is_bad_usage(sent: list[Any], double: Double, run: Run) -> None:
    outcome = run("site", "gate", "blog", "share", "--for", "soon")

    assert (outcome.code, sent) == (2, [])
    assert "such as 12h or 7d" in outcome.err


def test_revoke_takes_a_link_back(sent: list[Any], double: Double, run: Run) -> None:
    assert run("site", "gate", "blog", "revoke", "abc").out == "The link abc opens nothing any more.\n"
    assert run("site", "gate", "blog", "revoke", "xyz").err == "blog has no share link 'xyz'.\n"


def test_bypass_prints_the_token_and_where_it_goes(sent: list[Any], double: Double, run: Run) -> None:
    made, removed = run("site", "gate", "blog", "bypass"), run("site", "gate", "blog", "bypass", "--remove")

    assert (made.out, made.err) == ("ddb_x\n", "Send it in the header X-Dropdock-Bypass.\n")
    assert removed.out == "blog has no token for automation.\n"


def test_an_empty_name_is_bad_usage(sent: list[Any], double: Double, run: Run) -> None:
    assert run("site", "gate", " ", "show").code == 2
