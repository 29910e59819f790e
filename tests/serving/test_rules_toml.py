"""`netlify.toml`: its redirects and headers mean what the same lines in the other two files mean."""

import pytest

from appliance.serving.rules.reading import Unlockable
from appliance.serving.rules.report import RuleLimits
from appliance.serving.rules.toml_tables import LARGEST
from appliance.storage.rules import HeaderBlock, Lock, Redirect
from tests.serving.ruled import found, hashed, read

WHOLE = """
[build]
command = "make"

[[redirects]]
from = "/a/*"
to = "/b/:splat"

[[redirects]]
  from = "https://old.example/s"
  to = "/t/:id"
  status = 302
  force = true
  query = {id = ":id", page = 1}
  conditions = {Language = ["fr", "de"], cookie = "seen,other"}
  headers = {X-From = "us"}

[[headers]]
for = "/*"
[headers.values]
X-A = "1"
X-B = ["2", "3"]
X-C = '''
4,
5'''

[[headers]]
for = "/in/*"
values = {Basic-Auth = "ann:secret"}
"""


def test_its_tables_are_rules() -> None:
    rules, problems = read({"netlify.toml": WHOLE})

    assert rules.redirects == (
        Redirect("/a/*", "/b/:splat", 301, file="netlify.toml", line=5),
        Redirect(
            "/s",
            "/t/:id",
            302,
            force=True,
            host="old.example",
            query=(("id", ":id"), ("page", "1")),
            conditions=(("Language", ("fr", "de")), ("Cookie", ("seen", "other"))),
            file="netlify.toml",
            line=9,
        ),
    )
    fields = (("x-a", "1"), ("x-b", "2, 3"), ("x-c", "4, 5"))
    assert rules.headers == (HeaderBlock("/*", fields, line=18, file="netlify.toml"),)
    assert rules.locks == (Lock("/in/*", (f"ann:{hashed('secret')}",)),)
    assert problems == []


def test_they_come_after_those_of_the_other_file_and_count_with_them() -> None:
    toml = '[[redirects]]\nfrom = "/c"\nto = "/d"\n[[redirects]]\nfrom = "/e"\nto = "/f"\n'

    rules, problems = found({"_redirects": "/a /b", "netlify.toml": toml}, limits=RuleLimits(exact=2))

    assert [rule.path for rule in rules.redirects] == ["/a", "/c"]
    assert [(one.code, one.path, one.line) for one in problems] == [("rule_limit", "netlify.toml", 4)]


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ('[[redirects]]\nto = "/b"', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = 1', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nstatus = "301"', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nstatus = 305', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nforce = 1', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nquery = 1', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nquery = {a = {}}', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nconditions = {Moon = ["full"]}', "bad_rule"),
        ('[[redirects]]\nfrom = "/a"\nto = "/b"\nconditions = {Country = "de"}', "rule_inert"),
        ('[[redirects]]\nfrom = "/a"\nto = "https://e.example/"\nstatus = 200', "proxy_off"),
        ('[[headers]]\nfor = "/a"', "bad_rule"),
        ('[[headers]]\nvalues = {X-A = "1"}', "bad_rule"),
        ('[[headers]]\nfor = "/*/*"\nvalues = {X-A = "1"}', "bad_rule"),
        ('[[headers]]\nfor = "/a"\nvalues = {Server = "1"}', "header_refused"),
        ('[[headers]]\nfor = "/a"\nvalues = {X-A = {}}', "bad_rule"),
        ('[[headers]]\nfor = "/a"\nvalues = {X-A = "a\\rb"}', "bad_header"),
    ],
)
def test_a_table_that_cannot_be_used_is_reported_with_its_line(table: str, code: str) -> None:
    _, problems = found({"netlify.toml": "\n" + table})

    assert [(one.code, one.path, one.line) for one in problems] == [(code, "netlify.toml", 2)]


@pytest.mark.parametrize(
    "text", ["[[redirects", "a = [" * 3_000, "[redirects]\na = 1", "redirects = [1]", "headers = 5", "a = 1\na = 2"]
)
def test_a_file_that_is_no_toml_or_another_shape_costs_only_itself(text: str) -> None:
    rules, problems = found({"_redirects": "/a /b", "netlify.toml": text})

    assert [rule.path for rule in rules.redirects] == ["/a"]
    assert all(one.path == "netlify.toml" for one in problems)


def test_the_line_of_a_slip_is_told() -> None:
    assert read({"netlify.toml": "a = 1\nb = = 2"})[1] == [("bad_toml", 2)]


def test_a_file_too_large_for_its_parser_is_not_parsed() -> None:
    assert read({"netlify.toml": "#" * (LARGEST + 1)})[1] == [("rules_too_large", None)]


@pytest.mark.parametrize(
    "text",
    [
        '[[headers]]\nfor = "/*/*"\nvalues = {basic-auth = "a:b"}',
        '[[headers]]\nfor = "/a"\nvalues = {basic-auth = "a:b"}\nbroken',
        '[[headers]]\nvalues = {basic-auth = "a:b"}',
    ],
)
def test_a_lock_that_cannot_be_placed_stops_the_deploy(text: str) -> None:
    with pytest.raises(Unlockable):
        read({"netlify.toml": text})
